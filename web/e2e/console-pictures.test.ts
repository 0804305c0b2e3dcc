import { buyFor } from './support/api';
import type { Clerk } from './support/clerk';
import { load } from './support/load';
import { FOR_DOCUMENTATION, isDocumented, LOOKS, take } from './support/pictures';
import { type Shop, test } from './support/shop';

/**
 * Pictures of the console for people to look at, on a server from which a crowd buys meanwhile;
 * `npm run screenshots` makes those of the documentation.
 */

const SETTINGS = {
  SALE_ID: 'winter-drop',
  PRODUCT_DESCRIPTION: 'Alba Stacking Dishes, Vermilion',
};
const STOCK = 12_000;
/** So long some still buy before nobody can. */
const PAUSED_AFTER_MS = 8_000;
const NAMES = 'ada bo chen dilara edsger fatima grace hana ibrahim joan katherine linus'.split(' ');
/** The first page of the orders. */
const FIRST = 'abcdefghi'
  .split('')
  .flatMap((initial) => NAMES.map((name) => `${name}.${initial}@example.com`));

const WANTED = FOR_DOCUMENTATION ? LOOKS.filter(isDocumented) : LOOKS;

/** A drop as they go: most come at once, then it ebbs away, and there is a second wave. */
const WAVES = [
  { rate: 420, duration: '4s' },
  { rate: 260, duration: '5s' },
  { rate: 150, duration: '6s' },
  { rate: 80, duration: '7s' },
  { rate: 36, duration: '7s' },
  { rate: 170, duration: '5s' },
  { rate: 90, duration: '6s' },
  { rate: 55, duration: '8s' },
];

async function rush(url: string): Promise<void> {
  for (const wave of WAVES) await load(url, { scenario: 'steady', concurrency: 64, ...wave });
}

/** Many look on, also while the pictures are taken, and a few of them still buy. */
const lookOn = (url: string) =>
  load(url, {
    scenario: 'steady',
    concurrency: 32,
    rate: 24,
    duration: '64s',
    watchers: 240,
    watch: 'stream',
  });

/** Some press more than once. */
const pressAgain = (url: string) =>
  load(url, { scenario: 'storm', users: 12, attempts: 30, concurrency: 12, jitter: '400ms' });

const chooseMinute = async ({ page }: Clerk) => page.getByText('1 min', { exact: true }).click();

interface Scene {
  scene: string;
  reach: (clerk: Clerk) => Promise<void>;
  /** A dialog belongs to the screen, and not to the page. */
  screenOnly?: boolean;
}

async function show(shop: Shop, { scene, reach, screenOnly = false }: Scene) {
  for (const { look, options } of WANTED) {
    const clerk = await shop.signIn(options);
    await reach(clerk);
    // The documentation has no room for the whole length of a phone's page.
    const isLong = FOR_DOCUMENTATION && look.startsWith('phone');
    await take(clerk.page, `${scene}-${look}`, !screenOnly && !isLong);
    await clerk.context.close();
  }
}

/** What the documentation does not show. */
const OTHERS: Scene[] = [
  {
    scene: 'console-orders',
    reach: async (clerk) => {
      await clerk.look('Orders');
      await clerk.reads(/^Units 1 to 100/);
    },
  },
  {
    scene: 'console-settings',
    reach: async (clerk) => {
      await clerk.look('Settings');
      await clerk.page.getByRole('table', { name: 'The sale' }).waitFor();
    },
  },
  {
    scene: 'console-brake',
    reach: async (clerk) => {
      await clerk.stop.click();
      await clerk.page.getByRole('alertdialog').waitFor();
    },
    screenOnly: true,
  },
];

test('a rush, for the documentation', { timeout: 240_000 }, async ({ open }) => {
  const shop = await open({ stock: STOCK, end: '43m', settings: SETTINGS });
  await buyFor(shop.url, FIRST);
  const watching = lookOn(shop.url);
  await Promise.all([rush(shop.url), pressAgain(shop.url)]);
  await show(shop, { scene: 'console', reach: chooseMinute });
  await watching;
  if (!FOR_DOCUMENTATION) for (const other of OTHERS) await show(shop, other);

  const late = load(shop.url, { scenario: 'steady', rate: 40, duration: '16s' });
  await new Promise((resolve) => setTimeout(resolve, PAUSED_AFTER_MS));
  await shop.server.brake(true);
  await late;
  await show(shop, { scene: 'console-paused', reach: chooseMinute });
});

test('a node in trouble, and the way in', async ({ open }) => {
  const shop = await open({ engine: 'redis', stock: STOCK, settings: SETTINGS });
  await buyFor(shop.url, FIRST.slice(0, 20));
  const clerks: Clerk[] = [];
  for (const { look, options } of WANTED) {
    const clerk = await shop.stepBehind(options);
    await clerk.token.waitFor();
    await take(clerk.page, `console-sign-in-${look}`, true);
    await clerk.give(await shop.server.token());
    clerks.push(clerk);
  }
  shop.ledger.freeze();
  for (const [index, clerk] of clerks.entries()) {
    await clerk.reads('This node takes no orders.', 20_000);
    await take(clerk.page, `console-not-ready-${WANTED[index]?.look}`, true);
  }
  shop.ledger.thaw();
});
