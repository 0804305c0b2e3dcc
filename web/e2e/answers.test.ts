import { describe, expect, onTestFinished } from 'vitest';

import { buyFor, crowd, orderInBooks, statusOf } from './support/api';
import { tamper, toldOnly } from './support/network';
import { ENGINES, test } from './support/shop';
import { SignIn } from './support/sign-in';

const MINUTE_MS = 60_000;
const ADA = 'ada@example.com';

// Each page here knows less of the sale than the server: it presses where it should not.
describe.each(ENGINES)('the real answers, with the ledger in %s', (engine) => {
  test('sold out', async ({ open }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter({ prepare: toldOnly(shop.url) });
    await buyFor(shop.url, crowd(1));
    await ada.press(ADA);
    await ada.reads('Sold out, by a moment.');
    expect(ada.purchases).toEqual([410]);
    expect(await ada.receipt.count()).toBe(0);
    expect(await orderInBooks(shop.url, ADA)).toBeNull();
  });

  test('not open yet, long before the start', async ({ open }) => {
    const shop = await open({ engine, stock: 1, start: '1h', end: '2h' });
    const began = { status: 'active', startsAt: Date.now() - MINUTE_MS } as const;
    const ada = await shop.enter({ prepare: toldOnly(shop.url, began) });
    await ada.press(ADA);
    await ada.reads('Not open yet.');
    expect(ada.purchases).toEqual([403]);
    expect(await orderInBooks(shop.url, ADA)).toBeNull();
  });

  test('a moment too early, and it goes out again by itself', async ({ open }) => {
    const shop = await open({ engine, stock: 1, start: '3s' });
    const { startsAt } = await statusOf(shop.url);
    // A page whose picture of the server's clock is three seconds ahead.
    const ahead = { prepare: toldOnly(shop.url, { serverTime: startsAt + 10, status: 'active' }) };
    const ada = await shop.enter(ahead);
    await ada.press(ADA);
    await ada.reads('A moment too early.');
    const order = await ada.order();
    await ada.reads('It’s yours.');
    expect(ada.purchases.at(0)).toBe(403);
    expect(ada.purchases.at(-1)).toBe(200);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
  });

  test('over', async ({ open }) => {
    const shop = await open({ engine, stock: 1, end: '1s' });
    const goesOn = { status: 'active', endsAt: Date.now() + MINUTE_MS } as const;
    const ada = await shop.enter({ prepare: toldOnly(shop.url, goesOn) });
    await expect.poll(async () => (await statusOf(shop.url)).status).toBe('ended');
    await ada.press(ADA);
    await ada.reads('The sale is over.');
    expect(ada.purchases).toEqual([403]);
    expect(await orderInBooks(shop.url, ADA)).toBeNull();
  });

  test('too often, and it asks again by itself when it may', async ({ open }) => {
    const shop = await open({ engine, stock: 2, settings: { RATE_LIMIT: '1/4s' } });
    const ada = await shop.enter();
    await buyFor(shop.url, [ADA]);
    await ada.press(ADA);
    await ada.reads('The shop asks you to wait');
    const order = await ada.order();
    expect(ada.purchases).toEqual([429, 409]);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
  });

  test('paused', async ({ open }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter({ prepare: toldOnly(shop.url) });
    await shop.server.brake(true);
    await ada.press(ADA);
    await ada.reads('The shop has paused the sale.');
    expect(ada.purchases).toEqual([403]);
    await shop.server.brake(false);
    const order = await ada.buy(ADA);
    expect(ada.purchases).toEqual([403, 200]);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
  });

  test('already ordered, from another browser', async ({ open }) => {
    const shop = await open({ engine, stock: 2 });
    const ada = await shop.enter();
    await buyFor(shop.url, [ADA]);
    expect(await ada.buy(ADA)).toBe(await orderInBooks(shop.url, ADA));
    await ada.reads('You already have one.');
    expect(ada.purchases).toEqual([409]);
  });
});

test('a security token that is lost costs one retry and not the purchase', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter();
  await ada.unlocked();
  // The token is fetched ahead of the press; take its cookie away only once it is there.
  await expect.poll(async () => (await ada.context.cookies()).length).toBe(1);
  await ada.context.clearCookies();
  await ada.buy(ADA);
  await ada.reads('It’s yours.');
  expect(ada.purchases).toEqual([403, 200]);
  // Both belong to the same wish.
  expect(new Set(ada.keys).size).toBe(1);
});

test('a security check that fails twice is said, and may be tried again', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter();
  await tamper(ada, { withoutHeader: 'x-csrf-token' });
  await ada.press(ADA);
  await ada.reads('Your browser did not pass the shop’s security check.');
  await ada.reads('Reference for support');
  expect(ada.purchases).toEqual([403, 403]);
  expect(await orderInBooks(shop.url, ADA)).toBeNull();

  await ada.page.unrouteAll();
  expect(await ada.button.textContent()).toBe('Try again');
  await ada.button.click();
  await ada.order();
  expect(ada.purchases).toEqual([403, 403, 200]);
});

test('an id that the shop does not take can be changed', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter();
  await tamper(ada, { postData: JSON.stringify({ userId: 'a' }) });
  await ada.press(ADA);
  await ada.reads('The shop does not take this id.');
  expect(ada.purchases).toEqual([422]);
  await ada.page.unrouteAll();
  await ada.buy('ada.two@example.com');
  expect(ada.purchases).toEqual([422, 200]);
});

/** What a page of another time might send, and how the shop refuses it. */
const NOT_UNDERSTOOD = [
  { refusal: 'bad_request', changes: { postData: '{' }, status: 400 },
  { refusal: 'payload_too_large', changes: { postData: ' '.repeat(100_000) }, status: 413 },
  { refusal: 'unsupported_media_type', changes: { withoutHeader: 'content-type' }, status: 415 },
];

test.for(NOT_UNDERSTOOD)(
  'a page that the shop does not understand is loaded anew ($refusal)',
  async ({ changes, status }, { open }) => {
    const shop = await open({ stock: 1 });
    const ada = await shop.enter();
    await tamper(ada, changes);
    await ada.press(ADA);
    await ada.reads('The shop did not understand this page.');
    expect(ada.purchases).toEqual([status]);
    await ada.page.unrouteAll();
    await ada.page.getByRole('button', { name: 'Reload the page' }).click();
    await expect.poll(() => ada.loads).toBe(2);
    // What was typed is still there.
    await ada.unlocked();
    expect(await ada.buyerId.inputValue()).toBe(ADA);
    await ada.button.click();
    await ada.order();
  },
);

test('a pass that does not come back is said after the second, and may be tried again', async ({
  open,
}) => {
  const settings = { BOT_CHECK: 'proof-of-work', PROOF_OF_WORK_BITS: '8' };
  const shop = await open({ stock: 1, settings });
  const ada = await shop.enter();
  // The shop gives it, and the browser keeps none.
  await ada.page.route('**/api/pass', async (route) => {
    const response = await route.fetch();
    const { 'set-cookie': _, ...headers } = response.headers();
    await ada.context.clearCookies({ name: 'salePass' });
    await route.fulfill({ response, headers });
  });
  await ada.press(ADA);
  await ada.reads('Your browser did not pass the shop’s security check.');
  await ada.reads('Reference for support');
  expect(ada.purchases).toEqual([403, 403]);
  expect(await orderInBooks(shop.url, ADA)).toBeNull();

  await ada.page.unrouteAll();
  expect(await ada.button.textContent()).toBe('Try again');
  await ada.button.click();
  const order = await ada.order();
  expect(ada.purchases.at(-1)).toBe(200);
  expect(new Set(ada.keys).size).toBe(1);
  expect(await orderInBooks(shop.url, ADA)).toBe(order);
});

test('somebody else who is signed in by now is told so, and nothing is ordered', async ({
  open,
}) => {
  const shopOwn = await SignIn.open();
  onTestFinished(() => shopOwn.close());
  const shop = await open({ stock: 1, settings: shopOwn.settings });
  const ada = await shop.enter();
  ada.complaints.expect(/status of 401/);
  await shopOwn.give(ada);
  await ada.page.reload();
  await ada.unlocked();
  shopOwn.customer = 'grace@example.com';
  await shopOwn.give(ada);
  await ada.button.click();
  await ada.reads('Somebody else is signed in now.');
  // The security token is one person's as well, so that is renewed before the order is refused.
  expect(ada.purchases).toEqual([403, 403]);
  expect((await statusOf(shop.url)).sold).toBe(0);
  // The page shows at once whom the next press is for.
  await ada.reads('grace@example.com');
  await ada.button.click();
  await ada.order();
  expect(ada.purchases).toEqual([403, 403, 200]);
  // An order of somebody else is another wish.
  expect(new Set(ada.keys).size).toBe(2);
});
