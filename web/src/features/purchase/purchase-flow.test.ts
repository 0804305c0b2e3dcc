import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import type { PurchaseRequest } from '@/lib/api/client';
import { ORDER_ID } from '@/testing/fake-shop';
import { openBuyer } from '@/testing/open-buyer';

import { TRIES_MAX } from '@/lib/retry-schedule';

const BOUGHT: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: 'r' };
const BUSY: PurchaseAnswer = { kind: 'busy', retryAfterMs: 2_000, correlationId: 'r' };
const GONE: PurchaseAnswer = { kind: 'unreachable', correlationId: 'r' };
const SOLD_OUT: PurchaseAnswer = { kind: 'sold_out', correlationId: 'r' };
const NOT_YET: PurchaseAnswer = { kind: 'not_active', phase: 'upcoming', correlationId: 'r' };
const csrf = (freshToken: string | null): PurchaseAnswer => ({
  kind: 'csrf',
  reason: 'invalid',
  freshToken,
  correlationId: 'r',
});

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const keyOf = (request: PurchaseRequest | undefined) => request?.idempotencyKey;

test('buys, and tells of the order', async () => {
  const page = openBuyer([BOUGHT]);
  await page.buy();
  expect(page.sent).toMatchObject([{ userId: 'ada', csrfToken: 'fetched' }]);
  expect(keyOf(page.sent[0])).toMatch(/^[0-9a-f]{32}$/);
  expect(page.onOrder).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ saleKey: 'sale', userId: 'ada' }),
    BOUGHT,
  );
});

test('a double click sends one request', async () => {
  const page = openBuyer([BOUGHT]);
  page.flow.buy('sale', 'ada');
  page.flow.buy('sale', 'ada');
  await pass(0);
  expect(page.sent).toHaveLength(1);
});

test('retries once with the fresh token and the same key, and keeps the token', async () => {
  const page = openBuyer([csrf('fresh'), SOLD_OUT, SOLD_OUT]);
  await page.buy();
  expect(page.sent.map(({ csrfToken }) => csrfToken)).toEqual(['fetched', 'fresh']);
  expect(keyOf(page.sent[0])).toBe(keyOf(page.sent[1]));
  await page.buy();
  expect(page.sent[2]?.csrfToken).toBe('fresh');
  expect(page.fetchToken).toHaveBeenCalledOnce();
});

test('does not retry a second csrf refusal', async () => {
  const page = openBuyer([csrf('fresh'), csrf('fresher')]);
  await page.buy();
  await pass(60_000);
  expect(page.sent).toHaveLength(2);
  expect(page.flow.state()).toMatchObject({ answer: { kind: 'csrf' } });
});

test('a csrf refusal without a token makes the next press fetch one', async () => {
  const page = openBuyer([csrf(null), BOUGHT]);
  await page.buy();
  await page.buy();
  expect(page.fetchToken).toHaveBeenCalledTimes(2);
});

test('no answer: the same order goes out again by itself, as late as the shop asks', async () => {
  const page = openBuyer([GONE, BUSY, BOUGHT]);
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'waiting', cause: GONE });
  await pass(499);
  expect(page.sent).toHaveLength(1);
  await pass(1);
  expect(page.sent).toHaveLength(2);
  await pass(1_999);
  expect(page.sent).toHaveLength(2);
  await pass(1);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(new Set(page.sent.map(keyOf)).size).toBe(1);
  expect(page.onOrder).toHaveBeenCalledOnce();
});

test('"Try now" does not wait, but for the shop', async () => {
  const page = openBuyer([GONE, BUSY, BOUGHT]);
  await page.buy();
  page.flow.tryNow();
  await pass(0);
  expect(page.sent).toHaveLength(2);
  page.flow.tryNow();
  await pass(0);
  expect(page.sent).toHaveLength(2);
  // The press that came too early has not cost the try that was due.
  await pass(2_000);
  expect(page.sent).toHaveLength(3);
});

test('a token that cannot be fetched is told like any lost connection, and asked for again', async () => {
  const page = openBuyer([BOUGHT]);
  const failure = { kind: 'unreachable', correlationId: 'token-ref' } as const;
  page.fetchToken.mockRejectedValueOnce(new ApiError(failure));
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'waiting', cause: failure });
  expect(page.sent).toHaveLength(0);
  await pass(500);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('asks the buyer after so many tries, and begins again on a press', async () => {
  const page = openBuyer(Array.from({ length: TRIES_MAX + 1 }, () => GONE));
  await page.buy();
  await pass(10 * 60_000);
  expect(page.sent).toHaveLength(TRIES_MAX);
  expect(page.flow.state()).toMatchObject({ step: 'stopped', by: 'bound' });
  await page.buy();
  expect(page.sent).toHaveLength(TRIES_MAX + 1);
  expect(new Set(page.sent.map(keyOf)).size).toBe(1);
});

test('stopped, nothing goes out any more, nor after a reload, until the buyer asks', async () => {
  const page = openBuyer([GONE]);
  await page.buy();
  page.flow.stop();
  await pass(60_000);
  expect(page.sent).toHaveLength(1);

  const reloaded = openBuyer([new Promise(() => {})]);
  reloaded.flow.restore('sale', 'ada');
  await pass(60_000);
  expect(reloaded.flow.state()).toMatchObject({ step: 'stopped', by: 'buyer' });
  expect(reloaded.sent).toHaveLength(0);
  await reloaded.buy();
  expect(keyOf(reloaded.sent[0])).toBe(keyOf(page.sent[0]));

  // Asked again, the order is one to take up again.
  const third = openBuyer([BOUGHT]);
  third.flow.restore('sale', 'ada');
  await pass(1_000);
  expect(third.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('an answer that comes after the stop is shown', async () => {
  const late = new Promise<PurchaseAnswer>((resolve) => setTimeout(resolve, 2_000, BOUGHT));
  const page = openBuyer([GONE, late]);
  await page.buy();
  await pass(500);
  page.flow.stop();
  expect(page.flow.state().step).toBe('stopped');
  await pass(2_000);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(page.onOrder).toHaveBeenCalledOnce();
});

test('while there is no network nothing goes out; once there is, soon', async () => {
  const page = openBuyer([GONE, BOUGHT]);
  page.connect(false);
  await page.buy();
  await pass(10 * 60_000);
  expect(page.sent).toHaveLength(1);
  page.connect(true);
  await pass(500);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('a moment too early, the order goes out again at the start', async () => {
  const page = openBuyer([NOT_YET, BOUGHT], 300);
  await page.buy();
  await pass(399);
  expect(page.sent).toHaveLength(1);
  await pass(1);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('a page that is gone before the answer is taken up by the next, with its key', async () => {
  const gone = openBuyer([new Promise(() => {})]);
  await gone.buy();
  const reloaded = openBuyer([BOUGHT]);
  reloaded.flow.restore('sale', 'ada');
  await pass(500);
  expect(reloaded.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(keyOf(reloaded.sent[0])).toBe(keyOf(gone.sent[0]));

  const afterwards = openBuyer([SOLD_OUT]);
  afterwards.flow.restore('sale', 'ada');
  expect(afterwards.flow.state().step).toBe('idle');
  await afterwards.buy();
  expect(keyOf(afterwards.sent[0])).not.toBe(keyOf(gone.sent[0]));
});

test('an order that another tab has learned of is not asked for any more', async () => {
  const page = openBuyer([GONE]);
  await page.buy();
  page.flow.orderKnown('sale', 'ada');
  await pass(60_000);
  expect(page.flow.state().step).toBe('idle');
  expect(page.sent).toHaveLength(1);
  const reloaded = openBuyer([]);
  reloaded.flow.restore('sale', 'ada');
  expect(reloaded.flow.state().step).toBe('idle');
});

test('a wish of another tab does not take the key of this one away', async () => {
  const [here, there] = [openBuyer([GONE, BOUGHT]), openBuyer([GONE])];
  await here.buy('ada');
  await there.buy('bob');
  here.flow.stop();
  await here.buy('ada');
  expect(keyOf(here.sent[0])).toBe(keyOf(here.sent[1]));
});

test('another person or another sale is another intention', async () => {
  const page = openBuyer([SOLD_OUT, SOLD_OUT, SOLD_OUT]);
  await page.buy('ada', 'sale');
  await page.buy('bob', 'sale');
  await page.buy('bob', 'other');
  expect(new Set(page.sent.map(keyOf)).size).toBe(3);
  const interrupted = openBuyer([GONE]);
  await interrupted.buy('bob', 'other');
  const reloaded = openBuyer([]);
  reloaded.flow.restore('other', 'ada');
  reloaded.flow.restore('sale', 'bob');
  expect(reloaded.flow.state().step).toBe('idle');
});

test('a browser that stores nothing can still buy', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('no', 'QuotaExceededError');
  });
  const page = openBuyer([GONE, BOUGHT]);
  await page.buy('private');
  await pass(500);
  expect(keyOf(page.sent[0])).toBe(keyOf(page.sent[1]));
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('a failure of the page itself does not end in a button that turns for ever', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
  const page = openBuyer([Promise.reject(new TypeError('a bug'))]);
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'waiting', cause: { kind: 'unreadable' } });
  expect(reported).toHaveBeenCalledOnce();
});
