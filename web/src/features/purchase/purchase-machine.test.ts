import { describe, expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';
import { ORDER_ID } from '@/testing/fake-shop';

import { IDLE, type PurchaseEvent, type PurchaseState, transition } from './purchase-machine';
import { RETRYING_MS_MAX, TRIES_MAX } from '@/lib/retry-schedule';

const intention = { saleKey: 'sale', userId: 'ada', idempotencyKey: 'k1' };
const another = { saleKey: 'sale', userId: 'bob', idempotencyKey: 'k2' };
const bought: PurchaseAnswer = { kind: 'purchased', orderId: ORDER_ID, correlationId: null };
const gone: PurchaseAnswer = { kind: 'unreachable', correlationId: null };
const busy: PurchaseAnswer = { kind: 'busy', retryAfterMs: 3_000, correlationId: null };
const soldOut: PurchaseAnswer = { kind: 'sold_out', correlationId: null };
const csrf = (freshToken: string | null): PurchaseAnswer => ({
  kind: 'csrf',
  reason: 'mismatch',
  freshToken,
  correlationId: null,
});

const answer = (given: PurchaseAnswer, changes: object = {}): PurchaseEvent => ({
  type: 'answer',
  idempotencyKey: 'k1',
  answer: given,
  atMs: 1_000,
  online: true,
  random: 0,
  msToStart: null,
  ...changes,
});
const press: PurchaseEvent = { type: 'press', intention, atMs: 900 };
const pressOf = (other: typeof intention): PurchaseEvent => ({ ...press, intention: other });
const token: PurchaseEvent = { type: 'token', csrfToken: 't1' };
const retry = (atMs: number): PurchaseEvent => ({ type: 'retry', atMs });
const stop: PurchaseEvent = { type: 'stop' };
const restore = (stopped = false): PurchaseEvent => ({
  type: 'restore',
  intention,
  stopped,
  atMs: 1_000,
  random: 0,
});

const first = { intention, tries: 1, sinceMs: 900, cause: null };

function after(...events: PurchaseEvent[]): PurchaseState {
  return events.reduce(transition, IDLE);
}

describe('the course of a purchase', () => {
  test('press, token, sending, answer', () => {
    expect(after(press)).toEqual({ step: 'token', ...first });
    const sending = { step: 'sending', csrfToken: 't1', csrfRetried: false, ...first };
    expect(after(press, token)).toEqual(sending);
    expect(after(press, token, answer(bought))).toEqual({
      step: 'answered',
      intention,
      answer: bought,
    });
  });

  test('a csrf refusal sends again with the fresh token, once only', () => {
    const retried = after(press, token, answer(csrf('t2')));
    expect(retried).toEqual({ step: 'sending', csrfToken: 't2', csrfRetried: true, ...first });
    const refusedTwice = transition(retried, answer(csrf('t3')));
    expect(refusedTwice).toMatchObject({ step: 'answered', answer: { kind: 'csrf' } });
    expect(transition(retried, answer(bought))).toMatchObject({ answer: bought });
  });

  test('a csrf refusal without a fresh token is an answer', () => {
    expect(after(press, token, answer(csrf(null)))).toMatchObject({ step: 'answered' });
  });

  test('a second press while it goes on changes nothing', () => {
    const goingOn = [after(press), after(press, token), after(press, token, answer(gone))];
    for (const state of goingOn) {
      expect(transition(state, pressOf(another))).toBe(state);
      expect(transition(state, { type: 'dismiss' })).toBe(state);
      expect(transition(state, restore())).toBe(state);
    }
  });

  test('after an answer the next press starts anew, and a late answer is not taken', () => {
    const answered = after(press, token, answer(bought));
    expect(transition(answered, pressOf(another))).toMatchObject({
      step: 'token',
      intention: another,
      tries: 1,
    });
    expect(transition(answered, answer(csrf('late')))).toBe(answered);
    expect(transition(answered, token)).toBe(answered);
    expect(transition(answered, { type: 'dismiss' })).toBe(IDLE);
  });
});

describe('trying again', () => {
  const waiting = after(press, token, answer(gone));

  test('no answer is waited for, and then the same intention goes out', () => {
    expect(waiting).toEqual({
      ...first,
      step: 'waiting',
      cause: gone,
      earliestAtMs: 1_000,
      retryAtMs: 1_500,
      offline: false,
    });
    const second = { step: 'token', intention, tries: 2, sinceMs: 900, cause: gone };
    expect(transition(waiting, retry(1_500))).toEqual(second);
    // The buyer may cut the page's own wait short.
    expect(transition(waiting, retry(1_001))).toEqual(second);
  });

  test('a token that cannot be fetched is waited for as well', () => {
    expect(after(press, answer(gone))).toMatchObject({ step: 'waiting', cause: gone });
  });

  test('nobody cuts the shop’s own wait short', () => {
    const told = after(press, token, answer(busy));
    expect(transition(told, retry(3_999))).toBe(told);
    expect(transition(told, retry(4_000))).toMatchObject({ step: 'token', tries: 2 });
  });

  test('the tries have a bound', () => {
    let state = after(press);
    for (let tries = 1; tries < TRIES_MAX; tries += 1) {
      state = [token, answer(gone), retry(5_000)].reduce(transition, state);
    }
    expect(state).toMatchObject({ step: 'token', tries: TRIES_MAX });
    expect([token, answer(gone)].reduce(transition, state)).toMatchObject({
      step: 'stopped',
      by: 'bound',
    });
  });

  test('the time has a bound', () => {
    const last = 900 + RETRYING_MS_MAX - 500;
    const sending = after(press, token);
    expect(transition(sending, answer(gone, { atMs: last }))).toMatchObject({ step: 'waiting' });
    expect(transition(sending, answer(gone, { atMs: last + 1 }))).toMatchObject({
      step: 'stopped',
      by: 'bound',
    });
  });

  test('a wait of the shop beyond the bound is kept also by the buyer', () => {
    const limited: PurchaseAnswer = {
      kind: 'rate_limited',
      retryAfterMs: RETRYING_MS_MAX,
      correlationId: null,
    };
    const stopped = after(press, token, answer(limited));
    expect(stopped).toMatchObject({ step: 'stopped', earliestAtMs: 1_000 + RETRYING_MS_MAX });
    expect(transition(stopped, { ...press, atMs: 2_000 })).toBe(stopped);
    expect(transition(stopped, { ...press, atMs: 1_000 + RETRYING_MS_MAX })).toMatchObject({
      step: 'token',
    });
  });

  test('a moment before the start it goes out again, and else "not yet" is an answer', () => {
    const notYet: PurchaseAnswer = { kind: 'not_active', phase: 'upcoming', correlationId: null };
    expect(after(press, token, answer(notYet, { msToStart: 200 }))).toMatchObject({
      step: 'waiting',
      earliestAtMs: 1_200,
      retryAtMs: 1_300,
    });
    expect(after(press, token, answer(notYet, { msToStart: 60_000 }))).toMatchObject({
      step: 'answered',
    });
  });

  test('without a network it waits for one, and that time does not count', () => {
    const offline = after(press, token, answer(gone, { online: false }));
    expect(offline).toMatchObject({ step: 'waiting', offline: true });
    const online: PurchaseEvent = { type: 'online', atMs: 900_000, random: 0 };
    expect(transition(offline, online)).toMatchObject({
      offline: false,
      retryAtMs: 900_500,
      sinceMs: 900_000,
    });
    expect(transition(waiting, { type: 'offline' })).toMatchObject({ offline: true });
    // That a network is there is no news to a wait that has one.
    expect(transition(waiting, online)).toBe(waiting);
  });
});

describe('stopping', () => {
  const waiting = after(press, token, answer(gone));

  test('ends the tries until the buyer asks again, with the same intention', () => {
    const stopped = transition(waiting, stop);
    expect(stopped).toMatchObject({ step: 'stopped', by: 'buyer', cause: gone });
    expect(transition(stopped, retry(9_000))).toBe(stopped);
    expect(transition(stopped, { ...press, atMs: 2_000 })).toMatchObject({
      step: 'token',
      intention,
      tries: 1,
    });
    expect(transition(stopped, { type: 'dismiss' })).toBe(IDLE);
  });

  test('what the sale says late is the truth all the same; what others say is nothing', () => {
    for (const state of [waiting, transition(waiting, stop), after(press, token, stop)]) {
      expect(transition(state, answer(bought))).toMatchObject({ step: 'answered', answer: bought });
      expect(transition(state, answer(soldOut))).toMatchObject({ answer: soldOut });
      expect(transition(state, answer(busy))).toBe(state);
      expect(transition(state, answer(csrf('t9')))).toBe(state);
    }
  });

  test('an answer to another intention is not this one’s', () => {
    const foreign = answer(bought, { idempotencyKey: 'k2' });
    for (const state of [after(press, token), waiting, transition(waiting, stop)]) {
      expect(transition(state, foreign)).toBe(state);
    }
  });
});

describe('an earlier visit’s purchase', () => {
  test('is taken up by itself, from rest only', () => {
    const restored = after(restore());
    expect(restored).toMatchObject({
      step: 'waiting',
      cause: { kind: 'interrupted' },
      retryAtMs: 1_500,
    });
    expect(transition(restored, retry(1_500))).toMatchObject({ step: 'token', tries: 1 });
  });

  test('stays stopped if the buyer had stopped it', () => {
    expect(after(restore(true))).toMatchObject({ step: 'stopped', by: 'buyer' });
  });

  test.each<[string, Partial<typeof intention>, boolean]>([
    ['this order', {}, true],
    ['an order of somebody else', { userId: 'bob' }, false],
    ['an order in another sale', { saleKey: 'other' }, false],
  ])('ends once %s is known: %s', (_name, changes, ends) => {
    const known: PurchaseEvent = { type: 'known', saleKey: 'sale', userId: 'ada', ...changes };
    for (const state of [after(restore()), after(restore(true)), after(press, token)]) {
      expect(transition(state, known)).toBe(ends ? IDLE : state);
    }
    const answered = after(press, token, answer(bought));
    expect(transition(answered, known)).toBe(answered);
  });
});
