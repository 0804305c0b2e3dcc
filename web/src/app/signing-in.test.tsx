import { screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ORDER_ID } from '@/testing/fake-shop';
import {
  active,
  button,
  eachWithItsOwnBrowser,
  isLocked,
  openPage,
  pass,
  press,
  PURCHASED,
  reload,
} from '@/testing/open-page';
import { as, openLookUp, returnToTab, signedIn } from '@/testing/signed-in';

eachWithItsOwnBrowser();

const meta = document.createElement('meta');
meta.name = 'flashsale-shop';
beforeEach(() => {
  meta.content = JSON.stringify({ shopName: 'Alba', signInUrl: 'https://alba.example/sign-in' });
  document.head.append(meta);
});
afterEach(() => meta.remove());

const refusal = (reason: string) => ({ status: 401, json: { error: 'unauthorized', reason } });
const signedOut = (reason: string, changes = {}) => ({
  ...active({ identity: 'token', ...changes }),
  'GET /api/csrf': refusal(reason),
});
/** The first of them: the look-up, below, leads there as well. */
const link = () => {
  const [first] = screen.getAllByRole<HTMLAnchorElement>('link', { name: 'Sign in at Alba' });
  if (first === undefined) throw new Error('there is no link');
  return first;
};
describe('a buyer who is not signed in', () => {
  test('reads so before the start, and is led to the shop in the same tab', async () => {
    const shop = await openPage(
      signedOut('missing', { status: 'upcoming', startsAt: 3_000_000, sold: 0 }),
    );
    expect(screen.getByText('Sign in to buy.')).toBeTruthy();
    expect(link().href).toBe('https://alba.example/sign-in');
    expect(link().target).toBe('');
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Buy now' })).toBeNull();
    expect(shop.purchases()).toHaveLength(0);
  });

  test('is told in words where the shop has set no way', async () => {
    meta.content = JSON.stringify({ shopName: 'Alba' });
    await openPage(signedOut('expired'));
    expect(screen.getByText('Your sign-in has run out.')).toBeTruthy();
    expect(screen.getAllByText(/Sign in at Alba, then come back to this page\./)).toBeTruthy();
    expect(screen.queryByRole('link')).toBeNull();
  });

  test('can buy after coming back from signing in in another tab', async () => {
    const shop = await openPage(signedOut('missing'));
    shop.routes['GET /api/csrf'] = as('ada');
    shop.routes['POST /api/purchase'] = PURCHASED;
    await returnToTab();
    expect(screen.getByText('ada')).toBeTruthy();
    await press();
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });
});

describe('a buyer who is signed in', () => {
  test('buys with one press, under the name that the shop has said', async () => {
    const shop = await openPage({ ...signedIn('ada'), 'POST /api/purchase': PURCHASED });
    expect(screen.queryByRole('textbox')).toBeNull();
    await press();
    const [purchase] = shop.purchases();
    expect(purchase?.body).toEqual({ userId: 'ada' });
    expect(purchase?.headers.get('X-CSRF-Token')).toBe('of ada');
    const receipt = screen.getByRole('region', { name: 'It’s yours.' });
    expect(receipt.textContent).toContain(ORDER_ID);
    expect(screen.queryByRole('button', { name: 'Order with another id' })).toBeNull();
  });

  test('whose sign-in runs out is led to the shop, and the order goes on afterwards', async () => {
    const first = await openPage({ ...signedIn('ada'), 'POST /api/purchase': refusal('expired') });
    await press();
    expect(screen.getByText('Your sign-in has run out.')).toBeTruthy();
    expect(screen.getByText(/Your order is kept\./)).toBeTruthy();
    expect(link()).toBeTruthy();
    const second = await reload({ ...signedIn('ada'), 'POST /api/purchase': PURCHASED });
    await pass(1_000);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
    const keyOf = ({ purchases }: typeof first) => purchases()[0]?.headers.get('Idempotency-Key');
    expect(keyOf(second)).toBe(keyOf(first));
  });

  test('who comes back as somebody else buys nothing by that', async () => {
    await openPage({ ...signedIn('ada'), 'POST /api/purchase': refusal('expired') });
    await press();
    const second = await reload({ ...signedIn('grace'), 'POST /api/purchase': PURCHASED });
    await pass(60_000);
    expect(second.purchases()).toHaveLength(0);
    expect(isLocked(button('Buy now'))).toBe(false);
  });

  test('who is somebody else by now is shown so, and presses again', async () => {
    const shop = await openPage({
      ...signedIn('ada'),
      'POST /api/purchase': { status: 403, json: { error: 'other_user' } },
    });
    shop.routes['GET /api/csrf'] = as('grace');
    await press();
    expect(screen.getByText('Somebody else is signed in now.')).toBeTruthy();
    expect(screen.getByText('grace')).toBeTruthy();
    shop.routes['POST /api/purchase'] = PURCHASED;
    await press();
    expect(shop.purchases()[1]?.body).toEqual({ userId: 'grace' });
  });

  test('is asked for again by itself while there is no answer', async () => {
    const shop = await openPage({
      ...active({ identity: 'token' }),
      'GET /api/csrf': 'gone',
    });
    expect(screen.getByText(/has not said who you are/)).toBeTruthy();
    expect(isLocked(button('Buy now'))).toBe(true);
    shop.routes['GET /api/csrf'] = as('ada');
    await pass(8_000);
    expect(isLocked(button('Buy now'))).toBe(false);
  });

  test('does not see, nor take away, the receipt of somebody else', async () => {
    const receipt = {
      saleKey: 'AL-042@1000000',
      userId: 'ada',
      orderId: ORDER_ID,
      learnedBy: 'purchased',
    };
    localStorage.setItem('flashsale.receipts', JSON.stringify([receipt]));
    const out = await openPage(signedOut('missing'));
    expect(screen.queryByText(ORDER_ID)).toBeNull();
    expect(screen.getByText('Sign in to buy.')).toBeTruthy();
    expect(link()).toBeTruthy();
    expect(out.seen.some(({ path }) => path.startsWith('/api/purchase'))).toBe(false);
    const shop = await reload(signedIn('grace'));
    expect(screen.queryByText(ORDER_ID)).toBeNull();
    expect(shop.seen.some(({ path }) => path.startsWith('/api/purchase'))).toBe(false);
    await reload({
      ...signedIn('ada'),
      'GET /api/purchase/ada': { json: { purchased: true, orderId: ORDER_ID } },
    });
    expect(screen.getByRole('region', { name: 'It’s yours.' }).textContent).toContain(ORDER_ID);
  });
});

describe('“Did I get one?” of whoever is signed in', () => {
  test('takes one press, also when the sale is over', async () => {
    const shop = await openPage({
      ...signedIn('ada', { status: 'ended', endsAt: 1_500_000 }),
      'GET /api/purchase/ada': { json: { purchased: false, orderId: null } },
    });
    await openLookUp();
    expect(screen.getByText('No, not in this sale.')).toBeTruthy();
    shop.routes['GET /api/purchase/ada'] = { json: { purchased: true, orderId: ORDER_ID } };
    await press(undefined, 'Look it up');
    expect(screen.getByRole('region', { name: 'Yes, you got one.' })).toBeTruthy();
  });

  test('leads to the shop who is signed in no more', async () => {
    const ended = { status: 'ended', endsAt: 1_500_000 };
    await openPage({ ...signedIn('ada', ended), 'GET /api/purchase/ada': refusal('expired') });
    await openLookUp();
    expect(screen.getByText('Sign in to look.')).toBeTruthy();
    expect(link()).toBeTruthy();
  });
});
