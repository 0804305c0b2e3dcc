import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { CheckError } from '@/lib/api/check-client';
import { ORDER_ID } from '@/testing/fake-shop';
import { openBuyer } from '@/testing/open-buyer';

const BOUGHT: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: 'r' };
const GONE: PurchaseAnswer = { kind: 'unreachable', correlationId: 'r' };
const NO_PASS: PurchaseAnswer = { kind: 'pass_required', correlationId: 'r' };
const FAILED: PurchaseAnswer = { kind: 'check_failed', correlationId: 'r' };
const UNAVAILABLE: PurchaseAnswer = {
  kind: 'check_unavailable',
  retryAfterMs: 2_000,
  correlationId: 'r',
};

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a purchase waits for the pass that is on its way', async () => {
  const page = openBuyer([BOUGHT]);
  const way = new EventTarget();
  page.pass.mockImplementationOnce(
    () => new Promise((given) => way.addEventListener('given', () => given(), { once: true })),
  );
  await page.buy();
  expect(page.sent).toHaveLength(0);
  way.dispatchEvent(new Event('given'));
  await pass(0);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test('without a pass the check is made, and the same order goes on by itself, once', async () => {
  const page = openBuyer([NO_PASS, BOUGHT]);
  await page.buy();
  expect(page.pass.mock.calls).toEqual([
    ['ada', false],
    ['ada', true],
  ]);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(page.sent[1]?.idempotencyKey).toBe(page.sent[0]?.idempotencyKey);
});

test('a pass that never comes back is not asked for without end', async () => {
  const page = openBuyer([NO_PASS, NO_PASS, NO_PASS, BOUGHT]);
  await page.buy();
  await pass(60_000);
  expect(page.sent).toHaveLength(2);
  expect(page.flow.state()).toMatchObject({ answer: NO_PASS });
  await page.buy();
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
});

test.each(['bad_request', 'invalid_user'] as const)(
  'that the check is refused as %s settles no order that was sent before',
  async (kind) => {
    const page = openBuyer([GONE, BOUGHT]);
    await page.buy();
    page.pass.mockRejectedValueOnce(new CheckError({ kind, correlationId: 'of the check' }));
    await pass(500);
    expect(page.flow.state()).toMatchObject({
      step: 'waiting',
      cause: { kind: 'unreadable', correlationId: 'of the check' },
    });
    page.flow.stop();
    page.pass.mockRejectedValueOnce(new CheckError({ kind, correlationId: 'r' }));
    await page.buy();
    await pass(500);
    expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
    expect(page.sent).toHaveLength(2);
    expect(page.sent[1]?.idempotencyKey).toBe(page.sent[0]?.idempotencyKey);
  },
);

test('an id that the check refuses before anything was sent is refused', async () => {
  const page = openBuyer([]);
  const refused = { kind: 'invalid_user', correlationId: 'r' } as const;
  page.pass.mockRejectedValueOnce(new CheckError(refused));
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'answered', answer: refused });
  const reloaded = openBuyer([]);
  reloaded.flow.restore('sale', 'ada');
  expect(reloaded.flow.state().step).toBe('idle');
});

test('a check that was not passed ends the press; one that could not be made is tried again', async () => {
  const page = openBuyer([NO_PASS, NO_PASS, BOUGHT]);
  page.pass.mockResolvedValueOnce().mockRejectedValueOnce(new CheckError(FAILED));
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'answered', answer: FAILED });
  page.pass.mockResolvedValueOnce().mockRejectedValueOnce(new CheckError(UNAVAILABLE));
  await page.buy();
  expect(page.flow.state()).toMatchObject({ step: 'waiting', cause: UNAVAILABLE });
  await pass(2_000);
  expect(page.flow.state()).toMatchObject({ answer: BOUGHT });
  expect(new Set(page.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
});
