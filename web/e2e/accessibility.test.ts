import { expect } from 'vitest';

import { buyFor, type Status } from './support/api';
import { faultsOf } from './support/health';
import { answerOnce, toldNothing, toldOnly } from './support/network';
import { type Shop, test } from './support/shop';
import type { Visitor } from './support/visitor';

const ADA = 'ada@example.com';
const LONG_AGO = Date.now() - 86_400_000;
const MESSAGE = { message: 'For programs.', correlationId: '0123456789abcdef' };

/** A state of the sale as a page is told it, and words by which it is known to be there. */
const PHASES: { phase: string; told: Partial<Status>; says: string }[] = [
  {
    phase: 'days before the start',
    told: { status: 'upcoming', startsAt: Date.now() + 260_000_000, endsAt: Date.now() + 3e8 },
    says: 'Leave this page open',
  },
  {
    phase: 'paused before the start',
    told: { status: 'upcoming', startsAt: Date.now() + 260_000_000, paused: true },
    says: 'The sale is paused.',
  },
  { phase: 'open', told: {}, says: 'Orders are taken in the order' },
  { phase: 'paused', told: { paused: true }, says: 'The sale is paused.' },
  { phase: 'in trouble', told: { ready: false }, says: 'The shop has trouble taking orders' },
  {
    phase: 'sold out',
    told: { status: 'sold_out', stock: 0, sold: 9 },
    says: 'They are all gone.',
  },
  {
    phase: 'over',
    told: { status: 'ended', startsAt: LONG_AGO, endsAt: LONG_AGO + 1 },
    says: 'This sale is over.',
  },
];

const ANSWERS: { answer: string; status: number; body: object; says: string }[] = [
  { answer: 'sold_out', status: 410, body: { status: 'sold_out' }, says: 'Sold out, by a moment.' },
  {
    answer: 'not_active, upcoming',
    status: 403,
    body: { status: 'not_active', phase: 'upcoming' },
    says: 'Not open yet.',
  },
  {
    answer: 'not_active, paused',
    status: 403,
    body: { status: 'not_active', phase: 'paused' },
    says: 'The shop has paused the sale.',
  },
  {
    answer: 'not_active, ended',
    status: 403,
    body: { status: 'not_active', phase: 'ended' },
    says: 'The sale is over.',
  },
  {
    answer: 'busy',
    status: 503,
    body: { status: 'busy', retryAfterMs: 60_000 },
    says: 'Very many people are buying right now.',
  },
  {
    answer: 'rate_limited',
    status: 429,
    body: { error: 'rate_limited', retryAfterMs: 60_000 },
    says: 'The shop asks you to wait 60 seconds.',
  },
  {
    answer: 'csrf',
    status: 403,
    body: { error: 'csrf', reason: 'cross_site' },
    says: 'Your browser did not pass',
  },
  {
    answer: 'invalid_user',
    status: 422,
    body: { error: 'invalid_user' },
    says: 'The shop does not take this id.',
  },
  {
    answer: 'bad_request',
    status: 400,
    body: { error: 'bad_request' },
    says: 'The shop did not understand this page.',
  },
];

async function lookUp({ page }: Visitor, userId: string) {
  await page.getByLabel('Look up').fill(userId);
  await page.getByRole('button', { name: 'Look it up' }).click();
}

/** A page that is told the same all the time, so that nothing changes while it is looked at. */
const standing = (shop: Shop, told: Partial<Status> = {}) =>
  shop.enter({ prepare: toldOnly(shop.url, told) });

test.for(PHASES)(
  'nothing is wrong with the page when the sale is $phase',
  async (given, { open }) => {
    const ada = await standing(await open({ stock: 9 }), given.told);
    await ada.reads(given.says);
    expect(await faultsOf(ada.page)).toEqual([]);
  },
);

test.for(ANSWERS)(
  'nothing is wrong with the page after the answer $answer',
  async (given, { open }) => {
    // Long after the start: near to it "not open yet" would be asked again.
    const ada = await standing(await open({ stock: 9 }), { startsAt: LONG_AGO });
    await answerOnce(ada, given.status, { ...given.body, ...MESSAGE });
    await ada.press(ADA);
    await ada.reads(given.says);
    expect(await faultsOf(ada.page)).toEqual([]);
  },
);

test('nothing is wrong with the form, the tries, the receipt and the look-up', async ({ open }) => {
  const shop = await open({ stock: 9 });
  const ada = await standing(shop);
  const { page } = ada;
  const states: Record<string, () => Promise<void>> = {
    'an id that is too short': async () => {
      await ada.press('a');
      await ada.reads('That is too short');
    },
    'an order on its way': async () => {
      await page.route('**/api/purchase', () => {}, { times: 1 });
      await ada.press(ADA);
      await ada.reads('Sending your order');
    },
    'tries that were stopped': async () => {
      await page.unroute('**/api/purchase');
      await page.reload();
      await page.getByRole('button', { name: 'Stop trying' }).click();
      await ada.reads('Stopped, without an answer.');
    },
    'a receipt': async () => {
      await page.getByRole('button', { name: 'Ask again' }).click();
      await ada.order();
    },
    'a receipt that was there before': async () => {
      await page.getByRole('button', { name: 'Order with another id' }).click();
      await ada.buy(ADA);
      await ada.reads('You already have one.');
    },
    'an order in the books': async () => {
      await page.getByText('Did I get one?').click();
      await lookUp(ada, ADA);
      await ada.reads('Yes. There is an order for this id:');
    },
    'no order in the books': async () => {
      await lookUp(ada, 'nobody@example.com');
      await ada.reads('No, not in this sale.');
    },
  };
  const faults: Record<string, string[]> = {};
  for (const [state, reach] of Object.entries(states)) {
    await reach();
    faults[state] = await faultsOf(page);
  }
  expect(faults).toEqual(Object.fromEntries(Object.keys(states).map((state) => [state, []])));
});

test('nothing is wrong with a page that waits for the shop, or cannot reach it', async ({
  open,
}) => {
  const shop = await open({ stock: 9 });
  const waiting = await shop.enter({ prepare: toldNothing });
  await waiting.phase('Loading');
  expect(await faultsOf(waiting.page)).toEqual([]);
  const cut = await shop.enter({
    prepare: async (page) => {
      await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    },
  });
  cut.complaints.expect(/net::ERR_CONNECTION_REFUSED/);
  await cut.reads('The shop cannot be reached.');
  expect(await faultsOf(cut.page)).toEqual([]);
});

test('nothing is wrong with the longest words: in German, with a long title and id', async ({
  open,
}) => {
  const words = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen '.repeat(4).trim();
  const shop = await open({ stock: 1_000_000, settings: { PRODUCT_DESCRIPTION: words } });
  const ada = await shop.enter({ locale: 'de-DE' });
  const userId = `${'ada'.repeat(80)}@example.com`;
  await buyFor(shop.url, [userId]);
  await ada.press(userId);
  await ada.page.getByText('Sie haben schon eins.').waitFor();
  expect(await faultsOf(ada.page)).toEqual([]);
});

/** Without this, a look that finds nothing would prove nothing. */
test('the look at the page finds what is wrong', async ({ open }) => {
  const ada = await standing(await open({ stock: 9 }));
  await ada.unlocked();
  await ada.page.evaluate(() => {
    const wide = document.createElement('div');
    wide.style.cssText = 'width: 700px; color: #777; background: #888';
    wide.textContent = 'hardly to be read';
    const cut = document.createElement('div');
    cut.style.cssText = 'width: 100px; overflow: hidden; white-space: nowrap';
    cut.textContent = 'words that do not end where they seem to';
    document.querySelector('main')?.append(wide, cut);
  });
  const faults = await faultsOf(ada.page);
  expect(faults.filter((fault) => fault.includes('color-contrast')).length).toBe(4);
  expect(faults.filter((fault) => fault.includes('too wide')).length).toBe(2);
  expect(faults.filter((fault) => fault.includes('cut off: <div class=""> words')).length).toBe(4);
});

test('the documentation of the API, under the policy that it comes with', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const { page } = await shop.enter();
  await page.goto(`${shop.url}/api/docs`);
  await page.getByText('/api/purchase/{userId}').first().waitFor();
  expect(await faultsOf(page)).toEqual([]);
});
