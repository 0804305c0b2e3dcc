import type { BrowserContextOptions } from 'playwright-core';

import { buyFor, crowd } from './support/api';
import { answerOnce, toldNothing, toldOnly } from './support/network';
import { isDocumented, type Look, LOOKS, take } from './support/pictures';
import { type Shop, test } from './support/shop';
import type { Visitor } from './support/visitor';

/**
 * Pictures of the page for people to look at; `npm run screenshots` makes those of the documentation.
 * Each is taken only once the words that belong to it are there.
 */

const PHASES = [
  { pictures: 'of the documentation', looks: LOOKS.filter(isDocumented) },
  { pictures: 'in the other looks', looks: LOOKS.filter((look) => !isDocumented(look)) },
];
const BUYERS = ['ada@example.com', 'grace@example.com'];

const PRODUCT = {
  SHOP_NAME: 'Atelier Nord',
  PRODUCT_DESCRIPTION: 'Alba Stacking Dishes, Vermilion',
};
const STOCK = 500;
const SOLD_BEFORE = 188;

const isOnPhone = (look: string) => look.startsWith('phone');

async function show(shop: Shop, looks: Look[], scene: string, says: string) {
  for (const { look, options } of looks) {
    const visitor = await shop.enter(options);
    await visitor.reads(says);
    await take(visitor.page, `${scene}-${look}`, isOnPhone(look));
    await visitor.context.close();
  }
}

test.for(PHASES)('phases, $pictures', { timeout: 60_000 }, async ({ looks }, { open }) => {
  const upcoming = await open({ stock: STOCK, start: '584s', end: '45m', settings: PRODUCT });
  await show(upcoming, looks, 'upcoming', 'Leave this page open');

  const shop = await open({ stock: STOCK, end: '43m', settings: PRODUCT });
  await buyFor(shop.url, crowd(SOLD_BEFORE));
  for (const [index, { look, options }] of looks.entries()) {
    const visitor = await shop.enter(options);
    await visitor.unlocked();
    await visitor.buyerId.fill(BUYERS[index] ?? '');
    await take(visitor.page, `active-${look}`, isOnPhone(look));
    await visitor.button.click();
    await visitor.order();
    await take(visitor.page, `receipt-${look}`, isOnPhone(look));
    await visitor.context.close();
  }
  await shop.server.brake(true);
  await show(shop, looks, 'paused', 'The sale is paused.');
  await shop.server.brake(false);
  await buyFor(shop.url, crowd(STOCK - SOLD_BEFORE - looks.length, 'late'));
  await show(shop, looks, 'sold-out', 'They are all gone.');
});

/** Moments that a page is told, or is answered, for as long as the picture takes. */
test('moments', { timeout: 120_000 }, async ({ open }) => {
  const shop = await open({ stock: STOCK, end: '43m', settings: PRODUCT });
  const now = Date.now();
  const busy = { status: 'busy', retryAfterMs: 9_000, message: 'Later.', correlationId: 'b1' };
  const refused = { error: 'csrf', reason: 'cross_site', message: 'No.', correlationId: 'c1' };
  const scenes: Record<string, (options: BrowserContextOptions) => Promise<Visitor>> = {
    days: (options) => told(options, { status: 'upcoming', startsAt: now + 260_000_000 }),
    seconds: (options) => told(options, { status: 'upcoming', startsAt: Date.now() + 9_500 }),
    trouble: (options) => told(options, { ready: false }),
    ended: (options) => told(options, { status: 'ended', sold: 431, stock: 69, endsAt: now }),
    last: (options) => told(options, { sold: 497, stock: 3 }),
    german: (options) => told({ ...options, locale: 'de-DE' }, {}),
    unreachable: async (options) => {
      const visitor = await shop.enter({
        ...options,
        prepare: async (page) => {
          await page.route('**/api/**', (route) => route.abort());
        },
      });
      visitor.complaints.expect(/net::ERR_FAILED/);
      await visitor.reads('The shop cannot be reached.');
      return visitor;
    },
    loading: (options) => shop.enter({ ...options, prepare: toldNothing }),
    asking: async (options) => {
      const visitor = await pressed(options, 503, busy);
      await visitor.reads('Try 2 of 20');
      return visitor;
    },
    refused: async (options) => {
      const visitor = await pressed(options, 403, refused);
      await visitor.reads('Your browser did not pass');
      return visitor;
    },
    late: async (options) => {
      const visitor = await pressed(options, 410, { status: 'sold_out' });
      await visitor.reads('Sold out, by a moment.');
      return visitor;
    },
  };
  const told = (options: BrowserContextOptions, changes: Parameters<typeof toldOnly>[1]) =>
    shop.enter({ ...options, prepare: toldOnly(shop.url, changes) });
  const pressed = async (options: BrowserContextOptions, status: number, body: object) => {
    const visitor = await told(options, {});
    await answerOnce(visitor, status, body);
    await visitor.press('ada@example.com');
    return visitor;
  };
  for (const [scene, reach] of Object.entries(scenes)) {
    for (const { look, options } of LOOKS) {
      const visitor = await reach(options);
      await take(visitor.page, `${scene}-${look}`, isOnPhone(look));
      await visitor.context.close();
    }
  }
});

test('a receipt on paper', async ({ open }) => {
  const shop = await open({ stock: STOCK, settings: PRODUCT });
  const ada = await shop.enter({ colorScheme: 'dark', viewport: { width: 794, height: 1_123 } });
  await ada.buy('ada@example.com');
  await ada.page.emulateMedia({ media: 'print' });
  await take(ada.page, 'receipt-print', false);
});
