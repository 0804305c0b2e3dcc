import { screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import { ORDER_ID } from '@/testing/fake-shop';
import {
  eachWithItsOwnBrowser,
  openPage,
  pass,
  press,
  PURCHASED,
  reload,
} from '@/testing/open-page';
import { as, openLookUp, returnToTab, signedIn } from '@/testing/signed-in';

eachWithItsOwnBrowser();

const becomes = async (shop: Awaited<ReturnType<typeof openPage>>, userId: string) => {
  shop.routes['GET /api/csrf'] = as(userId);
  await returnToTab();
  expect(screen.getByText(userId)).toBeTruthy();
};

describe('who signs in after somebody else, while the page is open,', () => {
  test('is not told what the other was told', async () => {
    const shop = await openPage({
      ...signedIn('ada'),
      'GET /api/purchase/ada': { json: { purchased: false, orderId: null } },
    });
    await openLookUp();
    expect(screen.getByText('No, not in this sale.')).toBeTruthy();
    await becomes(shop, 'grace');
    expect(screen.queryByText('No, not in this sale.')).toBeNull();
  });

  test('takes no receipt away, though the page does not know of it yet', async () => {
    const bought = { json: { purchased: true, orderId: ORDER_ID } };
    const shop = await openPage({
      ...signedIn('ada'),
      'POST /api/purchase': PURCHASED,
      'GET /api/purchase/ada': { json: { purchased: false, orderId: null } },
    });
    await press();
    await openLookUp();
    const again = await reload({ ...shop.routes, 'GET /api/purchase/ada': bought });
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
    await reload({ ...again.routes, ...shop.routes });
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
    expect(screen.queryByText('No such order in this sale.')).toBeNull();
  });

  test.each([
    ['has stopped', 'Stop trying', 'Stopped, without an answer.'],
    ['still tries to place', null, 'No connection to the shop.'],
  ])('does not buy what the other %s', async (_name, name, said) => {
    const shop = await openPage({ ...signedIn('ada'), 'POST /api/purchase': 'gone' });
    await press();
    if (name !== null) await press(undefined, name);
    expect(screen.getByText(said)).toBeTruthy();
    await becomes(shop, 'grace');
    expect(screen.queryByText(said)).toBeNull();
    await pass(60_000);
    expect(shop.purchases()).toHaveLength(1);
    shop.routes['POST /api/purchase'] = PURCHASED;
    await becomes(shop, 'ada');
    await press(undefined, 'Ask again');
    const keys = shop.purchases().map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(2);
    expect(keys[1]).toBe(keys[0]);
  });
});
