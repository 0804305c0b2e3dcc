import { expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { de } from '@/lib/messages/de';
import { en } from '@/lib/messages/en';
import { ORDER_ID } from '@/testing/fake-shop';

import { wordsFor } from './answer-words';
import type { Cause } from './purchase-machine';

const intention = { saleKey: 'sale', userId: 'ada', idempotencyKey: 'k' };
const words = (answer: PurchaseAnswer, messages = en) =>
  wordsFor({ step: 'answered', intention, answer }, messages);

const tries = { intention, tries: 2, sinceMs: 0 };
const whileWaiting = (cause: Cause) =>
  wordsFor({ step: 'waiting', ...tries, cause, earliestAtMs: 0, retryAtMs: 0, offline: false }, en);

const correlationId = 'ref-1';
const REFUSALS: [PurchaseAnswer, string][] = [
  [{ kind: 'sold_out', correlationId }, 'none'],
  [{ kind: 'not_active', phase: 'upcoming', correlationId }, 'edit'],
  [{ kind: 'not_active', phase: 'paused', correlationId }, 'edit'],
  [{ kind: 'not_active', phase: 'ended', correlationId }, 'none'],
  [{ kind: 'not_active', phase: null, correlationId }, 'edit'],
  [{ kind: 'csrf', reason: 'invalid', freshToken: null, correlationId }, 'retry'],
  [{ kind: 'invalid_user', correlationId }, 'edit'],
  [{ kind: 'bad_request', correlationId }, 'reload'],
  [{ kind: 'other_user', correlationId }, 'edit'],
];
const NO_ANSWERS: PurchaseAnswer[] = [
  { kind: 'busy', retryAfterMs: 2_100, correlationId },
  { kind: 'rate_limited', retryAfterMs: 9_000, correlationId },
  { kind: 'internal', correlationId },
  { kind: 'unreadable', correlationId },
  { kind: 'unreachable', correlationId },
];
const CAUSES: Cause[] = [
  ...NO_ANSWERS,
  { kind: 'not_active', phase: 'upcoming', correlationId },
  { kind: 'interrupted' },
];

test.each(REFUSALS)('$kind has a next step', (answer, next) => {
  expect(words(answer)?.next).toBe(next);
});

test.each(CAUSES)('after $kind the page asks again, and says so', (cause) => {
  expect(whileWaiting(cause)?.next).toBe('wait');
});

test.each([
  ['English', en],
  ['German', de],
])('in %s every answer has words of its own', (_name, messages) => {
  const answers = [...REFUSALS.map(([answer]) => answer), ...NO_ANSWERS];
  const titles = answers.map((answer) => words(answer, messages)?.title);
  expect(new Set(titles).size).toBe(answers.length);
});

test('the words of an earlier try stay while the next one is under way', () => {
  const cause: Cause = { kind: 'internal', correlationId };
  expect(wordsFor({ step: 'token', ...tries, cause }, en)).toEqual(whileWaiting(cause));
  const sending = { step: 'sending', csrfToken: 't', csrfRetried: false } as const;
  expect(wordsFor({ ...sending, ...tries, cause }, en)).toEqual(whileWaiting(cause));
  expect(wordsFor({ ...sending, ...tries, cause: null }, en)).toBeNull();
});

test('who has stopped, and who has waited in vain, may ask again', () => {
  const stopped = { step: 'stopped', intention, earliestAtMs: 0 } as const;
  const cause: Cause = { kind: 'unreachable', correlationId };
  const byBuyer = wordsFor({ ...stopped, by: 'buyer', cause }, en);
  const byBound = wordsFor({ ...stopped, by: 'bound', cause }, en);
  expect(byBuyer).toMatchObject({ ...en.answers.stopped, next: 'ask', reference: 'ref-1' });
  expect(byBound).toMatchObject({ ...en.answers.gave_up, next: 'ask', reference: 'ref-1' });
  const byReload = { ...stopped, by: 'buyer', cause: { kind: 'interrupted' } } as const;
  expect(wordsFor(byReload, en)?.reference).toBeNull();
});

test('an order has a receipt instead of words', () => {
  expect(words({ kind: 'purchased', orderId: ORDER_ID, correlationId })).toBeNull();
  expect(words({ kind: 'already_purchased', orderId: ORDER_ID, correlationId })).toBeNull();
});

test('the wait that the shop asks for is told', () => {
  expect(words({ kind: 'rate_limited', retryAfterMs: 9_000, correlationId })?.body).toContain(
    '9 seconds',
  );
});

test('errors come with a reference for the support; the sale’s own answers need none', () => {
  for (const answer of [...REFUSALS.map(([refusal]) => refusal), ...NO_ANSWERS]) {
    const ofTheSale = answer.kind === 'sold_out' || answer.kind === 'not_active';
    expect([answer.kind, words(answer)?.reference]).toEqual([
      answer.kind,
      ofTheSale ? null : 'ref-1',
    ]);
  }
});
