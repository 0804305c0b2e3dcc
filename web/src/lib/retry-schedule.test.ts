import { expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';

import { backoffMs, retryWait } from './retry-schedule';

const correlationId = null;
const now = { tries: 1, random: 0, msToStart: null };
const early: PurchaseAnswer = { kind: 'not_active', phase: 'upcoming', correlationId };

test.each([
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [4, 4_000, 8_000],
  [5, 7_500, 15_000],
  [20, 7_500, 15_000],
])('after try %d the page waits from %d ms to %d ms', (tries, shortest, longest) => {
  expect(backoffMs(tries, 0, 0)).toBe(shortest);
  expect(backoffMs(tries, 0, 1)).toBe(longest);
});

test('the shop’s own wait is kept, and buyers do not come back in step', () => {
  const busy: PurchaseAnswer = { kind: 'busy', retryAfterMs: 3_000, correlationId };
  expect(retryWait(busy, now)).toEqual({ restMs: 3_000, delayMs: 3_000 });
  expect(retryWait(busy, { ...now, random: 0.5 })).toEqual({ restMs: 3_000, delayMs: 3_250 });
  const limited: PurchaseAnswer = { kind: 'rate_limited', retryAfterMs: 60_000, correlationId };
  expect(retryWait(limited, { ...now, tries: 3 })).toEqual({ restMs: 60_000, delayMs: 60_000 });
});

test.each(['internal', 'unreadable', 'unreachable'] as const)('%s goes out again', (kind) => {
  expect(retryWait({ kind, correlationId }, now)).toEqual({ restMs: 0, delayMs: 500 });
});

test.each([
  [4_000, { restMs: 4_000, delayMs: 4_100 }],
  [0, { restMs: 0, delayMs: 100 }],
  // The sale has begun by this page's clock, and the node's is a little behind.
  [-4_000, { restMs: 0, delayMs: 100 }],
  [5_001, null],
  [-5_001, null],
  [null, null],
])('"not yet" %d ms before the start', (msToStart, wait) => {
  expect(retryWait(early, { ...now, msToStart })).toEqual(wait);
});

test.each<PurchaseAnswer>([
  { kind: 'purchased', orderId: 'o', correlationId },
  { kind: 'already_purchased', orderId: 'o', correlationId },
  { kind: 'sold_out', correlationId },
  { kind: 'not_active', phase: 'ended', correlationId },
  { kind: 'not_active', phase: 'paused', correlationId },
  { kind: 'not_active', phase: null, correlationId },
  { kind: 'csrf', reason: 'invalid', freshToken: null, correlationId },
  { kind: 'invalid_user', correlationId },
  { kind: 'bad_request', correlationId },
])('$kind does not go out again', (answer) => {
  expect(retryWait(answer, { ...now, msToStart: 0 })).toBeNull();
});
