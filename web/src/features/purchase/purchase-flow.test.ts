import { beforeEach, expect, test, vi } from 'vitest';

import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import type { PurchaseRequest } from '@/lib/api/client';
import { createCsrfTokens } from '@/lib/api/csrf-tokens';
import { ORDER_ID } from '@/testing/fake-shop';

import { createIntentionStore } from './intention-store';
import { createPurchaseFlow } from './purchase-flow';

const BOUGHT: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: 'r' };
const BUSY: PurchaseAnswer = { kind: 'busy', retryAfterMs: 500, correlationId: 'r' };
const GONE: PurchaseAnswer = { kind: 'unreachable', correlationId: 'r' };
const SOLD_OUT: PurchaseAnswer = { kind: 'sold_out', correlationId: 'r' };
const csrf = (freshToken: string | null): PurchaseAnswer => ({
  kind: 'csrf',
  reason: 'invalid',
  freshToken,
  correlationId: 'r',
});

beforeEach(() => localStorage.clear());

/** A page: everything in it is new, and only what was stored is left of the one before. */
function openPage(answers: (PurchaseAnswer | Promise<PurchaseAnswer>)[]) {
  const sent: PurchaseRequest[] = [];
  const fetchToken = vi.fn(async () => 'fetched');
  const onOrder = vi.fn();
  const flow = createPurchaseFlow({
    csrfTokens: createCsrfTokens(fetchToken),
    intentions: createIntentionStore(),
    post: async (request) => {
      sent.push(request);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('one request too many');
      return answer;
    },
    onOrder,
  });
  const answered = () => vi.waitFor(() => expect(flow.state().step).toBe('answered'));
  const buy = async (userId = 'ada', saleKey = 'sale') => {
    flow.buy(saleKey, userId);
    await answered();
  };
  return { flow, sent, fetchToken, onOrder, buy, answered };
}

const keyOf = (request: PurchaseRequest | undefined) => request?.idempotencyKey;

test('buys, and tells of the order', async () => {
  const page = openPage([BOUGHT]);
  await page.buy();
  expect(page.sent).toMatchObject([{ userId: 'ada', csrfToken: 'fetched' }]);
  expect(keyOf(page.sent[0])).toMatch(/^[0-9a-f]{32}$/);
  expect(page.onOrder).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ saleKey: 'sale', userId: 'ada' }),
    BOUGHT,
  );
});

test('a double click sends one request', async () => {
  const page = openPage([BOUGHT]);
  page.flow.buy('sale', 'ada');
  page.flow.buy('sale', 'ada');
  await page.answered();
  expect(page.sent).toHaveLength(1);
});

test('retries once with the fresh token and the same key, and keeps the token', async () => {
  const page = openPage([csrf('fresh'), SOLD_OUT, SOLD_OUT]);
  await page.buy();
  expect(page.sent.map(({ csrfToken }) => csrfToken)).toEqual(['fetched', 'fresh']);
  expect(keyOf(page.sent[0])).toBe(keyOf(page.sent[1]));
  await page.buy();
  expect(page.sent[2]?.csrfToken).toBe('fresh');
  expect(page.fetchToken).toHaveBeenCalledOnce();
});

test('does not retry a second csrf refusal', async () => {
  const page = openPage([csrf('fresh'), csrf('fresher')]);
  await page.buy();
  expect(page.sent).toHaveLength(2);
  expect(page.flow.state()).toMatchObject({ answer: { kind: 'csrf' } });
});

test('a csrf refusal without a token makes the next press fetch one', async () => {
  const page = openPage([csrf(null), BOUGHT]);
  await page.buy();
  await page.buy();
  expect(page.fetchToken).toHaveBeenCalledTimes(2);
});

test('a token that cannot be fetched is told like any lost connection', async () => {
  const page = openPage([BOUGHT]);
  page.fetchToken.mockRejectedValueOnce(
    new ApiError({ kind: 'unreachable', correlationId: 'token-ref' }),
  );
  await page.buy();
  expect(page.flow.state()).toMatchObject({
    answer: { kind: 'unreachable', correlationId: 'token-ref' },
  });
  expect(page.sent).toHaveLength(0);
  await page.buy();
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('keeps the key over retries and reloads until the sale answers, then takes a new one', async () => {
  const first = openPage([BUSY, GONE]);
  await first.buy();
  await first.buy();

  const reloaded = openPage([SOLD_OUT, SOLD_OUT]);
  reloaded.flow.restore('sale', 'ada');
  expect(reloaded.flow.state().step).toBe('interrupted');
  await reloaded.buy();
  const keys = [...first.sent, ...reloaded.sent].map(keyOf);
  expect(new Set(keys).size).toBe(1);

  await reloaded.buy();
  expect(keyOf(reloaded.sent[1])).not.toBe(keys[0]);
  const afterwards = openPage([]);
  afterwards.flow.restore('sale', 'ada');
  expect(afterwards.flow.state().step).toBe('idle');
});

test('a page that is gone before the answer leaves its key behind', async () => {
  const gone = openPage([new Promise(() => {})]);
  gone.flow.buy('sale', 'ada');
  await vi.waitFor(() => expect(gone.sent).toHaveLength(1));
  const reloaded = openPage([BOUGHT]);
  reloaded.flow.restore('sale', 'ada');
  await reloaded.buy();
  expect(keyOf(reloaded.sent[0])).toBe(keyOf(gone.sent[0]));
});

test('another person or another sale is another intention', async () => {
  const page = openPage([BUSY, BUSY, BUSY]);
  await page.buy('ada', 'sale');
  page.flow.restore('other', 'ada');
  await page.buy('bob', 'sale');
  await page.buy('bob', 'other');
  expect(new Set(page.sent.map(keyOf)).size).toBe(3);
  const reloaded = openPage([]);
  reloaded.flow.restore('sale', 'ada');
  reloaded.flow.restore('other', 'ada');
  expect(reloaded.flow.state().step).toBe('idle');
});

test('a browser that stores nothing can still buy', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('no', 'QuotaExceededError');
  });
  const page = openPage([BUSY, BOUGHT]);
  await page.buy('private');
  await page.buy('private');
  expect(keyOf(page.sent[0])).toBe(keyOf(page.sent[1]));
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('a failure of the page itself ends the waiting', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
  const page = openPage([Promise.reject(new TypeError('a bug'))]);
  await page.buy();
  expect(page.flow.state()).toMatchObject({ answer: { kind: 'unreadable' } });
  expect(reported).toHaveBeenCalledOnce();
});
