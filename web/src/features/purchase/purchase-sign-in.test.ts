import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import { ORDER_ID } from '@/testing/fake-shop';
import { openBuyer } from '@/testing/open-buyer';

const BOUGHT: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: 'r' };
const GONE: PurchaseAnswer = { kind: 'unreachable', correlationId: 'r' };
const EXPIRED = { kind: 'unauthorized', expired: true, correlationId: 'r' } as const;
const OTHER_USER: PurchaseAnswer = { kind: 'other_user', correlationId: 'r' };

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('an order that met an expired sign-in goes out with the same key after it', async () => {
  const page = openBuyer([GONE, EXPIRED, BOUGHT]);
  await page.buy();
  await pass(500);
  expect(page.flow.state()).toMatchObject({ step: 'answered', answer: EXPIRED });
  await pass(60_000);
  expect(page.sent).toHaveLength(2);
  page.flow.restore('sale', 'bob');
  expect(page.flow.state()).toMatchObject({ answer: EXPIRED });
  page.flow.restore('sale', 'ada');
  await pass(500);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(new Set(page.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
});

test('so it does on the page that is loaded after the sign-in', async () => {
  const before = openBuyer([EXPIRED]);
  await before.buy();
  const after = openBuyer([BOUGHT]);
  after.flow.restore('sale', 'ada');
  await pass(500);
  expect(after.sent[0]?.idempotencyKey).toBe(before.sent[0]?.idempotencyKey);
});

test('a sign-in that has run out before the token against forgery is fetched ends the same', async () => {
  const page = openBuyer([BOUGHT]);
  page.fetchToken.mockRejectedValueOnce(new ApiError(EXPIRED));
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'answered', answer: EXPIRED });
  expect(page.onAnswer).toHaveBeenCalledExactlyOnceWith(EXPIRED);
  page.flow.restore('sale', 'ada');
  await pass(500);
  expect(page.sent).toHaveLength(1);
});

test('an order for whom is signed in no more is not tried again', async () => {
  const page = openBuyer([OTHER_USER, BOUGHT]);
  await page.buy('ada');
  await pass(60_000);
  expect(page.sent).toHaveLength(1);
  await page.buy('grace');
  expect(page.sent[1]).toMatchObject({ userId: 'grace' });
  expect(page.sent[1]?.idempotencyKey).not.toBe(page.sent[0]?.idempotencyKey);
});
