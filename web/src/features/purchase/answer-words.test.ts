import { expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { ORDER_ID } from '@/testing/fake-shop';

import { wordsFor } from './answer-words';

const intention = { saleKey: 'sale', userId: 'ada', idempotencyKey: 'k' };
const words = (answer: PurchaseAnswer) =>
  wordsFor({ step: 'answered', intention, answer, answeredAtMs: 0 });

const correlationId = 'ref-1';
const REFUSALS: [PurchaseAnswer, string][] = [
  [{ kind: 'sold_out', correlationId }, 'none'],
  [{ kind: 'not_active', phase: 'upcoming', correlationId }, 'edit'],
  [{ kind: 'not_active', phase: 'ended', correlationId }, 'none'],
  [{ kind: 'not_active', phase: null, correlationId }, 'edit'],
  [{ kind: 'busy', retryAfterMs: 2_100, correlationId }, 'retry'],
  [{ kind: 'rate_limited', retryAfterMs: 9_000, correlationId }, 'retry'],
  [{ kind: 'csrf', reason: 'invalid', freshToken: null, correlationId }, 'retry'],
  [{ kind: 'invalid_user', correlationId }, 'edit'],
  [{ kind: 'bad_request', correlationId }, 'reload'],
  [{ kind: 'internal', correlationId }, 'retry'],
  [{ kind: 'unreadable', correlationId }, 'retry'],
  [{ kind: 'unreachable', correlationId }, 'retry'],
];

test.each(REFUSALS)('$kind has a next step', (answer, next) => {
  expect(words(answer)?.next).toBe(next);
});

test('every answer has words of its own', () => {
  const titles = REFUSALS.map(([answer]) => words(answer)?.title);
  expect(new Set(titles).size).toBe(REFUSALS.length);
});

test('an order has a receipt instead of words', () => {
  expect(words({ kind: 'purchased', orderId: ORDER_ID, correlationId })).toBeNull();
  expect(words({ kind: 'already_purchased', orderId: ORDER_ID, correlationId })).toBeNull();
});

test('a wait is told in whole units, rounded up', () => {
  expect(words({ kind: 'busy', retryAfterMs: 1, correlationId })?.body).toContain('1 second,');
  expect(words({ kind: 'busy', retryAfterMs: 2_100, correlationId })?.body).toContain('3 seconds');
  expect(words({ kind: 'busy', retryAfterMs: 121_000, correlationId })?.body).toContain(
    '3 minutes',
  );
});

test('errors come with a reference for the support; the sale’s own answers need none', () => {
  for (const [answer] of REFUSALS) {
    const ofTheSale = answer.kind === 'sold_out' || answer.kind === 'not_active';
    expect([answer.kind, words(answer)?.reference]).toEqual([
      answer.kind,
      ofTheSale ? null : 'ref-1',
    ]);
  }
});
