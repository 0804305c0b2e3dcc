import { fireEvent, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import { ORDER_ID, OTHER_ORDER_ID } from '@/testing/fake-shop';
import {
  active,
  button,
  eachWithItsOwnBrowser,
  isLocked,
  openPage,
  pass,
} from '@/testing/open-page';

eachWithItsOwnBrowser();

async function lookUp(userId: string) {
  const box = screen.getByLabelText('Look up e-mail or customer id');
  fireEvent.change(box, { target: { value: userId } });
  fireEvent.click(screen.getByText('Look it up'));
  await pass(10);
}

describe('the books', () => {
  const RECEIPT = {
    saleKey: 'AL-042@1000000',
    userId: 'ada',
    orderId: ORDER_ID,
    learnedBy: 'purchased',
  };
  const keepReceipt = () => localStorage.setItem('flashsale.receipts', JSON.stringify([RECEIPT]));

  test('take away a receipt that they do not bear out', async () => {
    keepReceipt();
    const nothing = { json: { purchased: false, orderId: null } };
    await openPage({ ...active(), 'GET /api/purchase/ada': nothing });
    expect(screen.queryByRole('heading', { name: 'It’s yours.' })).toBeNull();
    expect(screen.getByText('No such order in this sale.')).toBeTruthy();
    expect(isLocked(button('Buy now'))).toBe(false);
  });

  test('change nothing while they cannot be asked', async () => {
    keepReceipt();
    await openPage({ ...active(), 'GET /api/purchase/ada': 'gone' });
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('answer a look-up by id', async () => {
    const shop = await openPage({
      ...active(),
      'GET /api/purchase/grace%40example.com': {
        json: { purchased: true, orderId: OTHER_ORDER_ID },
      },
      'GET /api/purchase/nobody': { json: { purchased: false, orderId: null } },
    });
    await lookUp('nobody');
    expect(screen.getByText('No, not in this sale.')).toBeTruthy();
    await lookUp('grace@example.com');
    expect(screen.getByText('Yes. There is an order for this id:')).toBeTruthy();
    expect(document.querySelector('details code')?.textContent).toBe(OTHER_ORDER_ID);
    shop.routes['GET /api/purchase/nobody'] = 'gone';
    await lookUp('nobody');
    expect(screen.getByText('No connection to the shop.')).toBeTruthy();
  });
});
