import { afterEach, beforeEach, expect } from 'vitest';

import { faultsOf } from './support/health';
import { test } from './support/shop';
import { SignIn } from './support/sign-in';
import type { Visitor } from './support/visitor';

let shopOwn: SignIn;
beforeEach(async () => {
  shopOwn = await SignIn.open();
});
afterEach(() => shopOwn.close());

/** Being sent to the shop is a request to another host, and a refusal is an error to Chromium. */
function expectSignIn({ complaints }: Visitor): void {
  complaints.expect(/status of 401/, new RegExp(`another host: ${shopOwn.origin}/sign-in`));
}

/** The way to the shop in the place of the form: the look-up has one as well. */
const wayTo = ({ page }: Visitor, name = 'Sign in at Alba') =>
  page.getByRole('link', { name }).filter({ visible: true });

test('who is not signed in is led to the shop, comes back and buys', async ({ open }) => {
  const shop = await open({ stock: 2, start: '5s', settings: shopOwn.settings });
  const ada = await shop.enter();
  expectSignIn(ada);
  shopOwn.back = `${shop.url}/`;
  await ada.reads('Sign in to buy.');
  expect(await ada.button.count()).toBe(0);
  expect(await ada.page.getByRole('textbox').count()).toBe(0);
  await wayTo(ada).click();
  await ada.reads('ada@example.com');
  await ada.unlocked();
  await ada.button.click();
  await ada.order();
  expect(await ada.receipt.textContent()).toContain('ada@example.com');
  expect(ada).toMatchObject({ loads: 2, purchases: [200] });
});

test('a sign-in that runs out in between: the same order after it', async ({ open }) => {
  const shop = await open({ stock: 2, settings: shopOwn.settings });
  const ada = await shop.enter();
  expectSignIn(ada);
  shopOwn.back = `${shop.url}/`;
  await ada.reads('Sign in to buy.');
  await shopOwn.give(ada);
  await ada.page.reload();
  await ada.unlocked();
  await shopOwn.give(ada, -120);
  await ada.button.click();
  await ada.reads('Your sign-in has run out.');
  await ada.reads(/Your order is kept\./);
  expect(await faultsOf(ada.page)).toEqual([]);
  await wayTo(ada).click();
  await ada.order();
  expect(ada.purchases).toEqual([401, 200]);
  expect(new Set(ada.keys).size).toBe(1);
});

test('“Did I get one?” is one press, and tells of the signed-in buyer alone', async ({ open }) => {
  const shop = await open({ stock: 2, settings: shopOwn.settings });
  const ada = await shop.enter();
  expectSignIn(ada);
  await shopOwn.give(ada);
  await ada.page.reload();
  await ada.unlocked();
  await ada.page.getByText('Did I get one?').click();
  await ada.reads('No, not in this sale.');
  expect(await faultsOf(ada.page)).toEqual([]);
  await ada.button.click();
  const order = await ada.order();

  // Another browser of the same customer knows of nothing yet.
  const again = await shop.enter();
  expectSignIn(again);
  await shopOwn.give(again);
  await again.page.reload();
  await again.unlocked();
  await again.page.getByText('Did I get one?').click();
  expect(await again.order()).toBe(order);

  // Another customer at the same browser sees nothing of it.
  shopOwn.customer = 'grace@example.com';
  await shopOwn.give(ada);
  await ada.page.reload();
  await ada.reads('grace@example.com');
  await ada.unlocked();
  expect(await ada.receipt.count()).toBe(0);
});

test.for([
  ['en-GB', 'Sign in to buy.', 'Sign in at Alba', 'Signed in as'],
  ['de-DE', 'Melden Sie sich an, um zu kaufen.', 'Bei Alba anmelden', 'Angemeldet als'],
] as const)('the words and the way are there (%s)', async ([locale, says, way, as], { open }) => {
  const shop = await open({ stock: 2, settings: shopOwn.settings });
  const ada = await shop.enter({ locale });
  expectSignIn(ada);
  await ada.reads(says);
  expect(await wayTo(ada, way).getAttribute('href')).toBe(`${shopOwn.origin}/sign-in`);
  expect(await faultsOf(ada.page)).toEqual([]);
  await shopOwn.give(ada);
  await ada.page.reload();
  await ada.reads(as);
  expect(await faultsOf(ada.page)).toEqual([]);
});
