import { describe, expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { de } from '@/lib/messages/de';
import { en } from '@/lib/messages/en';
import { ORDER_ID } from '@/testing/fake-shop';

import { type AnswerWords, wordsFor } from './answer-words';
import type { Cause } from './purchase-machine';

const intention = { saleKey: 'sale', userId: 'ada', idempotencyKey: 'k' };
const words = (answer: PurchaseAnswer, messages = en) =>
  wordsFor({ step: 'answered', intention, answer }, messages);

const tries = { intention, tries: 2, sinceMs: 0 };
const whileWaiting = (cause: Cause) =>
  wordsFor({ step: 'waiting', ...tries, cause, earliestAtMs: 0, retryAtMs: 0, offline: false }, en);

const correlationId = 'ref-1';

type Row<Kind extends PurchaseAnswer['kind']> = [
  answer: Extract<PurchaseAnswer, { kind: Kind }>,
  /** `null` for an answer without words. */
  next: AnswerWords['next'] | null,
];
/** A kind that is new does not compile without a row here. */
const ANSWERS: { [Kind in PurchaseAnswer['kind']]: [Row<Kind>, ...Row<Kind>[]] } = {
  purchased: [[{ kind: 'purchased', orderId: ORDER_ID, correlationId }, null]],
  already_purchased: [[{ kind: 'already_purchased', orderId: ORDER_ID, correlationId }, null]],
  unauthorized: [[{ kind: 'unauthorized', expired: true, correlationId }, null]],
  sold_out: [[{ kind: 'sold_out', correlationId }, 'none']],
  not_active: [
    [{ kind: 'not_active', phase: 'upcoming', correlationId }, 'edit'],
    [{ kind: 'not_active', phase: 'paused', correlationId }, 'edit'],
    [{ kind: 'not_active', phase: 'ended', correlationId }, 'none'],
    [{ kind: 'not_active', phase: null, correlationId }, 'edit'],
  ],
  csrf: [[{ kind: 'csrf', reason: 'invalid', freshToken: null, correlationId }, 'retry']],
  pass_required: [[{ kind: 'pass_required', correlationId }, 'retry']],
  check_failed: [[{ kind: 'check_failed', correlationId }, 'retry']],
  invalid_user: [[{ kind: 'invalid_user', correlationId }, 'edit']],
  other_user: [[{ kind: 'other_user', correlationId }, 'edit']],
  bad_request: [[{ kind: 'bad_request', correlationId }, 'reload']],
  busy: [[{ kind: 'busy', retryAfterMs: 2_100, correlationId }, 'retry']],
  rate_limited: [[{ kind: 'rate_limited', retryAfterMs: 9_000, correlationId }, 'retry']],
  check_unavailable: [[{ kind: 'check_unavailable', retryAfterMs: 3_000, correlationId }, 'retry']],
  internal: [[{ kind: 'internal', correlationId }, 'retry']],
  unreadable: [[{ kind: 'unreadable', correlationId }, 'retry']],
  unreachable: [[{ kind: 'unreachable', correlationId }, 'retry']],
};
const ROWS: Row<PurchaseAnswer['kind']>[] = Object.values(ANSWERS).flat();
const WITH_WORDS = ROWS.filter(([, next]) => next !== null).map(([answer]) => answer);
const ASKED_AGAIN = new Set<PurchaseAnswer['kind']>([
  'busy',
  'rate_limited',
  'check_unavailable',
  'internal',
  'unreadable',
  'unreachable',
]);
const CAUSES: Cause[] = [
  ...WITH_WORDS.filter(({ kind }) => ASKED_AGAIN.has(kind)),
  { kind: 'not_active', phase: 'upcoming', correlationId },
  { kind: 'interrupted' },
];

test.each(ROWS)('$kind has its next step, or a receipt or a sign-in instead', (answer, next) => {
  expect(words(answer)?.next ?? null).toBe(next);
});

test.each(CAUSES)('after $kind the page asks again, and says so', (cause) => {
  expect(whileWaiting(cause)?.next).toBe('wait');
});

describe.each([
  ['English', en],
  ['German', de],
])('in %s', (_name, messages) => {
  const titleOf = (answer: PurchaseAnswer) => words(answer, messages)?.title;

  test('every answer has words of its own, but for the pass that does not come back', () => {
    const titles = WITH_WORDS.filter(({ kind }) => kind !== 'pass_required').map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
  });

  // Both mean that a cookie does not come back, and the buyer can do the same about both.
  test('a pass that does not come back has the words of the security check', () => {
    expect(titleOf(ANSWERS.pass_required[0][0])).toBe(titleOf(ANSWERS.csrf[0][0]));
  });
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

test('the wait that the shop asks for is told', () => {
  expect(words({ kind: 'rate_limited', retryAfterMs: 9_000, correlationId })?.body).toContain(
    '9 seconds',
  );
});

test('errors come with a reference for the support; the sale’s own answers need none', () => {
  for (const answer of WITH_WORDS) {
    const ofTheSale = answer.kind === 'sold_out' || answer.kind === 'not_active';
    expect([answer.kind, words(answer)?.reference]).toEqual([
      answer.kind,
      ofTheSale ? null : 'ref-1',
    ]);
  }
});
