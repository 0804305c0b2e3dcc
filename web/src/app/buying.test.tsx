import { act, fireEvent, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import { ORDER_ID } from '@/testing/fake-shop';
import {
  active,
  button,
  eachWithItsOwnBrowser,
  field,
  isLocked,
  openPage,
  pass,
  press,
  PURCHASED,
  reload,
} from '@/testing/open-page';

eachWithItsOwnBrowser();

describe('buying', () => {
  test('one request for a double click, then a receipt that survives a reload', async () => {
    const shop = await openPage({ ...active(), 'POST /api/purchase': PURCHASED });
    fireEvent.change(field(), { target: { value: ' Ada@Example.com ' } });
    fireEvent.click(button('Buy now'));
    fireEvent.click(button(/Sending|Buy/));
    await pass(10);
    expect(shop.purchases().map(({ body }) => body)).toEqual([{ userId: 'Ada@Example.com' }]);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBe(document.activeElement);

    const inTheBooks = { json: { purchased: true, orderId: ORDER_ID } };
    await reload({ ...active(), 'GET /api/purchase/Ada%40Example.com': inTheBooks });
    expect(screen.getByRole('region', { name: 'It’s yours.' }).textContent).toContain(ORDER_ID);
  });

  test('an id that cannot be right is not sent', async () => {
    const shop = await openPage(active());
    await press('ab');
    expect(screen.getByText(/too short/)).toBeTruthy();
    expect(field().getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(field());
    expect(shop.purchases()).toHaveLength(0);
  });

  test('busy: the page asks again by itself, with the same key, and says so', async () => {
    const busy = { status: 503, json: { status: 'busy', retryAfterMs: 2_000 } };
    const shop = await openPage({ ...active(), 'POST /api/purchase': busy });
    await press('ada');
    expect(screen.getByText('Very many people are buying right now.')).toBeTruthy();
    expect(screen.getByText(/^Asking again in [23] s$/)).toBeTruthy();
    expect(screen.getByText('Try 2 of 20')).toBeTruthy();
    expect(isLocked(button('Still asking'))).toBe(true);
    expect(isLocked(button('Try now'))).toBe(true);
    await press(undefined, 'Try now');
    expect(shop.purchases()).toHaveLength(1);

    shop.routes['POST /api/purchase'] = PURCHASED;
    await pass(3_000);
    const keys = shop.purchases().map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBe(document.activeElement);
  });

  test('the tries can be stopped, and the focus stays with the button to ask again', async () => {
    const shop = await openPage({ ...active(), 'POST /api/purchase': 'gone' });
    await press('ada');
    const sent = shop.purchases()[0]?.headers.get('Correlation-Id') ?? 'none was sent';
    expect(screen.getByText('No connection to the shop.')).toBeTruthy();
    expect(screen.getByText(sent)).toBeTruthy();
    button('Stop trying').focus();
    await press(undefined, 'Stop trying');
    expect(screen.getByText('Stopped, without an answer.')).toBeTruthy();
    expect(button('Ask again')).toBe(document.activeElement);
    await pass(60_000);
    expect(shop.purchases()).toHaveLength(1);

    shop.routes['POST /api/purchase'] = PURCHASED;
    await press(undefined, 'Ask again');
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('an order without an answer is asked for after a reload, even when all is sold', async () => {
    const first = await openPage({ ...active(), 'POST /api/purchase': 'gone' });
    await press('ada');

    const soldOut = active({ status: 'sold_out', stock: 0, sold: 10 });
    const second = await reload({ ...soldOut, 'POST /api/purchase': PURCHASED });
    expect(screen.getByText('Your last order got no answer.')).toBeTruthy();
    expect(button('Stop trying')).toBeTruthy();
    await pass(1_000);
    expect(second.purchases()[0]?.headers.get('Idempotency-Key')).toBe(
      first.purchases()[0]?.headers.get('Idempotency-Key'),
    );
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('the receipt that another tab learns of shows here, and ends the tries', async () => {
    const shop = await openPage({ ...active(), 'POST /api/purchase': 'gone' });
    await press('ada');
    const receipt = {
      saleKey: 'AL-042@1000000',
      userId: 'ada',
      orderId: ORDER_ID,
      learnedBy: 'purchased',
    };
    localStorage.setItem('flashsale.receipts', JSON.stringify([receipt]));
    act(() => {
      window.dispatchEvent(new StorageEvent('storage', { key: 'flashsale.receipts' }));
    });
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
    await pass(60_000);
    expect(shop.purchases()).toHaveLength(1);
  });

  test('a paused sale says so, and the button opens by itself when it goes on', async () => {
    const paused = { status: 403, json: { status: 'not_active', phase: 'paused' } };
    const shop = await openPage({ ...active(), 'POST /api/purchase': paused });
    await press('ada');
    expect(screen.getByText('The shop has paused the sale.')).toBeTruthy();
    shop.send({ paused: true, serverTime: 2_001_000 });
    expect(screen.getByText('The sale is paused.')).toBeTruthy();
    expect(isLocked(button('Buy now'))).toBe(true);
    shop.send({ serverTime: 2_002_000 });
    expect(screen.queryByText('The sale is paused.')).toBeNull();
    expect(screen.queryByText('The shop has paused the sale.')).toBeNull();
    expect(isLocked(button('Buy now'))).toBe(false);
  });

  test('a node in trouble is said, and may be pressed all the same', async () => {
    await openPage({ ...active({ ready: false }), 'POST /api/purchase': PURCHASED });
    expect(screen.getAllByText('The shop has trouble taking orders right now.')).toBeTruthy();
    await press('ada');
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('typing another id takes the old answer away', async () => {
    const refusal = { status: 422, json: { error: 'invalid_user' } };
    await openPage({ ...active(), 'POST /api/purchase': refusal });
    await press('ada');
    expect(screen.getByText('The shop does not take this id.')).toBeTruthy();
    fireEvent.change(field(), { target: { value: 'ada.' } });
    expect(screen.queryByText('The shop does not take this id.')).toBeNull();
  });

  test('who has one already is shown it, also after putting the receipt aside', async () => {
    const shop = await openPage({ ...active(), 'POST /api/purchase': PURCHASED });
    await press('ada@example.com');
    shop.routes['POST /api/purchase'] = {
      status: 409,
      json: { status: 'already_purchased', orderId: ORDER_ID },
    };
    fireEvent.click(button('Order with another id'));
    expect(field().value).toBe('');
    expect(field()).toBe(document.activeElement);
    await press('ADA@example.com');
    const region = screen.getByRole('region', { name: 'You already have one.' });
    expect(region.textContent).toContain(ORDER_ID);
    const keys = shop.purchases().map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys[0]).not.toBe(keys[1]);
  });
});
