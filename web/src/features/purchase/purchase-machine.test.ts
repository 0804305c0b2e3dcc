import { describe, expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { ORDER_ID } from '@/testing/fake-shop';

import {
  IDLE,
  isSettled,
  type PurchaseEvent,
  type PurchaseState,
  transition,
} from './purchase-machine';

const intention = { saleKey: 'sale', userId: 'ada', idempotencyKey: 'k1' };
const another = { saleKey: 'sale', userId: 'bob', idempotencyKey: 'k2' };
const bought: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: null };
const csrf = (freshToken: string | null): PurchaseAnswer => ({
  kind: 'csrf',
  reason: 'mismatch',
  freshToken,
  correlationId: null,
});
const answer = (given: PurchaseAnswer): PurchaseEvent => ({
  type: 'answer',
  answer: given,
  atMs: 5,
});

function after(...events: PurchaseEvent[]): PurchaseState {
  return events.reduce(transition, IDLE);
}

const press: PurchaseEvent = { type: 'press', intention };
const token: PurchaseEvent = { type: 'token', csrfToken: 't1' };

describe('the course of a purchase', () => {
  test('press, token, sending, answer', () => {
    expect(after(press)).toEqual({ step: 'token', intention });
    expect(after(press, token)).toEqual({
      step: 'sending',
      intention,
      csrfToken: 't1',
      csrfRetried: false,
    });
    expect(after(press, token, answer(bought))).toEqual({
      step: 'answered',
      intention,
      answer: bought,
      answeredAtMs: 5,
    });
  });

  test('a csrf refusal sends again with the fresh token, once only', () => {
    const retried = after(press, token, answer(csrf('t2')));
    expect(retried).toEqual({ step: 'sending', intention, csrfToken: 't2', csrfRetried: true });
    const refusedTwice = transition(retried, answer(csrf('t3')));
    expect(refusedTwice).toMatchObject({ step: 'answered', answer: { kind: 'csrf' } });
    expect(transition(retried, answer(bought))).toMatchObject({ answer: bought });
  });

  test('a csrf refusal without a fresh token is an answer', () => {
    expect(after(press, token, answer(csrf(null)))).toMatchObject({ step: 'answered' });
  });

  test('a token that cannot be fetched is an answer', () => {
    const gone: PurchaseAnswer = { kind: 'unreachable', correlationId: null };
    expect(after(press, answer(gone))).toMatchObject({ step: 'answered', answer: gone });
  });

  test('a second press while one is under way changes nothing', () => {
    const second: PurchaseEvent = { type: 'press', intention: another };
    for (const state of [after(press), after(press, token)]) {
      expect(transition(state, second)).toBe(state);
      expect(transition(state, { type: 'dismiss' })).toBe(state);
      expect(transition(state, { type: 'restore', intention: another })).toBe(state);
    }
  });

  test('after an answer the next press starts anew, and a late answer is not taken', () => {
    const answered = after(press, token, answer(bought));
    expect(transition(answered, { type: 'press', intention: another })).toEqual({
      step: 'token',
      intention: another,
    });
    expect(transition(answered, answer(csrf('late')))).toBe(answered);
    expect(transition(answered, token)).toBe(answered);
    expect(transition(answered, { type: 'dismiss' })).toBe(IDLE);
  });

  test('an interrupted purchase is taken up only from rest', () => {
    const restore: PurchaseEvent = { type: 'restore', intention };
    expect(after(restore)).toEqual({ step: 'interrupted', intention });
    expect(after(restore, press)).toEqual({ step: 'token', intention });
  });
});

test.each<[PurchaseAnswer['kind'], boolean]>([
  ['purchased', true],
  ['already_purchased', true],
  ['sold_out', true],
  ['not_active', true],
  ['invalid_user', true],
  ['bad_request', true],
  ['busy', false],
  ['rate_limited', false],
  ['csrf', false],
  ['internal', false],
  ['unreadable', false],
  ['unreachable', false],
])('%s settles the intention: %s', (kind, settled) => {
  expect(isSettled({ kind } as PurchaseAnswer)).toBe(settled);
});
