import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { fakeShop, ORDER_ID, OTHER_ORDER_ID, statusJson } from '@/testing/fake-shop';

import { App } from './app';
import { CrashGuard } from './crash-guard';
import { createServices } from './services';

const PURCHASED = { json: { status: 'purchased', orderId: ORDER_ID } };
const TOKEN = { json: { csrfToken: 'token' } };

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

async function openPage(routes: Parameters<typeof fakeShop>[0]) {
  const shop = fakeShop({ 'GET /api/csrf': TOKEN, ...routes });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <App services={createServices()} />
    </QueryClientProvider>,
  );
  await pass(10);
  return shop;
}

async function reload(routes: Parameters<typeof fakeShop>[0]) {
  cleanup();
  return openPage(routes);
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const isLocked = (element: HTMLElement) => element.getAttribute('aria-disabled') === 'true';
const field = () => screen.getByLabelText<HTMLInputElement>('E-mail or customer id');

async function press(userId?: string, name: string | RegExp = 'Buy now') {
  if (userId !== undefined) fireEvent.change(field(), { target: { value: userId } });
  fireEvent.click(button(name));
  await pass(10);
}

async function lookUp(userId: string) {
  const box = screen.getByLabelText('Look up e-mail or customer id');
  fireEvent.change(box, { target: { value: userId } });
  fireEvent.click(screen.getByText('Look it up'));
  await pass(10);
}

function Broken(): never {
  throw new Error('a mistake');
}

const active = (changes = {}) => ({ 'GET /api/status': { json: statusJson(changes) } });

describe('the sale', () => {
  test('opens at the start by the server’s clock, without another poll', async () => {
    vi.setSystemTime(0);
    const upcoming = statusJson({ status: 'upcoming', startsAt: 2_001_500, stock: 10, sold: 0 });
    const shop = await openPage({ 'GET /api/status': { json: upcoming } });
    expect(screen.getByRole('timer').getAttribute('aria-label')).toBe('Opens in 2 seconds');
    expect(isLocked(button('Buy now'))).toBe(true);
    await press('ada@example.com');
    expect(shop.purchases()).toHaveLength(0);

    await pass(1_500 - 21);
    expect(isLocked(button('Buy now'))).toBe(true);
    // The visitor's wall clock may do what it likes.
    vi.setSystemTime(4_000_000_000_000);
    await pass(2);
    expect(isLocked(button('Buy now'))).toBe(false);
    expect(screen.getByRole('timer').getAttribute('aria-label')).toMatch(/^Closes in/);
    expect(shop.seen.filter(({ path }) => path === '/api/status')).toHaveLength(1);
  });

  test('shows what is left, follows the polls and closes when sold out', async () => {
    const shop = await openPage(active());
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe('3 of 10 left');
    shop.routes['GET /api/status'] = { json: statusJson({ stock: 1, sold: 9 }) };
    await pass(3_700);
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe('1 of 10 left');
    shop.routes['GET /api/status'] = {
      json: statusJson({ status: 'sold_out', stock: 0, sold: 10 }),
    };
    await pass(3_700);
    expect(screen.queryByRole('button', { name: 'Buy now' })).toBeNull();
    expect(screen.getByText('They are all gone.')).toBeTruthy();
  });

  test('says when the shop cannot be reached, and recovers by itself', async () => {
    const shop = await openPage({ 'GET /api/status': 'gone' });
    expect(screen.getByText('The shop cannot be reached.')).toBeTruthy();
    shop.routes['GET /api/status'] = { json: statusJson() };
    await pass(7_300);
    expect(isLocked(button('Buy now'))).toBe(false);
    shop.routes['GET /api/status'] = 'gone';
    await pass(3_700);
    expect(screen.getByText('Reconnecting')).toBeTruthy();
    expect(isLocked(button('Buy now'))).toBe(false);
  });
});

test('a page that breaks says so and offers to begin anew', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  render(
    <CrashGuard>
      <Broken />
    </CrashGuard>,
  );
  expect(screen.getByRole('alert').textContent).toContain('This page broke.');
  expect(button('Reload the page')).toBeTruthy();
});

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

  test('busy: told to wait, then the same key again', async () => {
    const busy = { status: 503, json: { status: 'busy', retryAfterMs: 2_000 } };
    const shop = await openPage({ ...active(), 'POST /api/purchase': busy });
    await press('ada');
    expect(screen.getByText('Very many people are buying right now.')).toBeTruthy();
    expect(isLocked(button('Try again in 2 s'))).toBe(true);
    await press(undefined, /Try again/);
    expect(shop.purchases()).toHaveLength(1);

    shop.routes['POST /api/purchase'] = PURCHASED;
    await pass(2_000);
    await press(undefined, 'Try again');
    const keys = shop.purchases().map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('an order without an answer may be asked for even when all is sold', async () => {
    const first = await openPage({ ...active(), 'POST /api/purchase': 'gone' });
    await press('ada');
    const sent = first.purchases()[0]?.headers.get('Correlation-Id') ?? 'none was sent';
    expect(screen.getByText('No connection to the shop.')).toBeTruthy();
    expect(screen.getByText(sent)).toBeTruthy();

    const soldOut = active({ status: 'sold_out', stock: 0, sold: 10 });
    const second = await reload({ ...soldOut, 'POST /api/purchase': PURCHASED });
    expect(screen.getByText('Your last order got no answer.')).toBeTruthy();
    await press(undefined, 'Try again');
    expect(second.purchases()[0]?.headers.get('Idempotency-Key')).toBe(
      first.purchases()[0]?.headers.get('Idempotency-Key'),
    );
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
    await press('ADA@example.com');
    const region = screen.getByRole('region', { name: 'You already have one.' });
    expect(region.textContent).toContain(ORDER_ID);
    const keys = shop.purchases().map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys[0]).not.toBe(keys[1]);
  });
});

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
