import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import { CheckError } from '@/lib/api/check-client';
import type { PurchaseRequest } from '@/lib/api/client';
import type { CsrfTokens } from '@/lib/api/csrf-tokens';
import type { Connection } from '@/lib/connection';

import type { Intention, IntentionStore } from './intention-store';
import {
  IDLE,
  isGoingOn,
  isSettled,
  type PurchaseEvent,
  type PurchaseState,
  transition,
} from './purchase-machine';

export interface PurchaseFlow {
  state: () => PurchaseState;
  subscribe: (listener: () => void) => () => void;
  /** Starts a purchase, or does nothing while one is going on. */
  buy: (saleKey: string, userId: string) => void;
  /** Cuts the wait before the next try short, as far as the shop allows. */
  tryNow: () => void;
  /** Ends the tries; what is on its way may still be answered. */
  stop: () => void;
  /** Takes up the purchase that an earlier visit of the page, or a sign-in, left without an answer. */
  restore: (saleKey: string, userId: string) => void;
  /** Tells that an order has become known by another way. */
  orderKnown: (saleKey: string, userId: string) => void;
  /** Ends and forgets what is going on, or was answered, for anybody but this person. */
  leave: (userId: string) => void;
  dismiss: () => void;
}

export interface PurchaseFlowParts {
  csrfTokens: CsrfTokens;
  intentions: IntentionStore;
  connection: Connection;
  /**
   * Waits until this person has passed the check before the sale, if there is one; with `required` the shop has
   * said that there is.
   */
  pass: (userId: string, required: boolean) => Promise<void>;
  post: (request: PurchaseRequest) => Promise<PurchaseAnswer>;
  /** Told of every order that this page learns of by buying. */
  onOrder: (intention: Intention, answer: OrderAnswer) => void;
  /** Told of every answer. */
  onAnswer: (answer: PurchaseAnswer) => void;
  /** By the server's clock; `null` while that is not known. */
  msToStart: () => number | null;
  random?: () => number;
}

export type OrderAnswer = Extract<PurchaseAnswer, { kind: 'purchased' | 'already_purchased' }>;

/** Runs the state machine: asks for the token, sends the purchase, waits, keeps what must be kept. */
export function createPurchaseFlow(parts: PurchaseFlowParts): PurchaseFlow {
  const { csrfTokens, intentions, connection, pass, post, msToStart, random = Math.random } = parts;
  const listeners = new Set<() => void>();
  let state = IDLE;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the tries of this page, so that one which was given up sends nothing more. */
  let turn = 0;
  /** The key of an order that has certainly never been sent. */
  let unsentKey: string | null = null;

  const dispatch = (event: PurchaseEvent) => {
    const next = transition(state, event);
    if (next === state) return;
    state = next;
    armTimer();
    if (next.step === 'answered') settle(next.intention, next.answer);
    for (const listener of listeners) listener();
  };

  const armTimer = () => {
    clearTimeout(timer);
    if (state.step !== 'waiting' || state.offline) return;
    timer = setTimeout(tryNow, Math.max(0, Math.ceil(state.retryAtMs - performance.now())));
  };

  const settle = (intention: Intention, given: PurchaseAnswer) => {
    if (isSettled(given)) intentions.close(intention);
    if (given.kind === 'purchased' || given.kind === 'already_purchased') {
      parts.onOrder(intention, given);
    }
  };

  const answer = ({ idempotencyKey }: Intention, given: PurchaseAnswer) => {
    if (given.kind === 'csrf') {
      if (given.freshToken === null) csrfTokens.forget();
      else csrfTokens.renew(given.freshToken);
    }
    parts.onAnswer(given);
    dispatch({
      type: 'answer',
      idempotencyKey,
      answer: given,
      atMs: performance.now(),
      online: connection.isOnline(),
      random: random(),
      msToStart: msToStart(),
    });
  };

  const run = async () => {
    if (state.step !== 'token') return;
    const { intention, passRetried = false } = state;
    turn += 1;
    const mine = turn;
    try {
      await pass(intention.userId, passRetried);
      const csrfToken = await csrfTokens.get();
      if (turn === mine) dispatch({ type: 'token', csrfToken });
    } catch (error) {
      if (turn === mine) answer(intention, unsentAnswer(intention, asAnswer(error)));
    }
    // At most two rounds: the machine goes back to `sending` once.
    const toSend = () => (turn === mine && state.step === 'sending' ? state : null);
    for (let round = toSend(); round !== null; round = toSend()) {
      unsentKey = null;
      // Each round needs the answer of the one before it.
      // oxlint-disable-next-line no-await-in-loop
      answer(intention, await post({ csrfToken: round.csrfToken, ...intention }).catch(asAnswer));
    }
    // The shop wants a pass: once more from the beginning.
    if (turn === mine && isAtToken()) await run();
  };

  const tryNow = () => {
    if (state.step !== 'waiting') return;
    dispatch({ type: 'retry', atMs: performance.now() });
    // A timer may fire a fraction of a millisecond early, and then there is still a wait.
    if (isWaiting()) armTimer();
    else void run();
  };

  const isAtToken = () => state.step === 'token' && state.passRetried === true;

  const isWaiting = () => state.step === 'waiting';

  const open = (saleKey: string, userId: string): Intention => {
    const before = intentions.unanswered(saleKey);
    const stored = intentions.open(saleKey, userId);
    // Another tab may have stored its own wish over this one, which still has to keep its key.
    if (state.step === 'stopped') {
      const { intention } = state;
      if (intention.userId === userId && intention.saleKey === saleKey) return intention;
    }
    const key = stored.idempotencyKey;
    if (before?.intention.idempotencyKey !== key) unsentKey = key;
    return stored;
  };

  /** What is said before an order is sent settles nothing where it may have been sent once already. */
  const unsentAnswer = ({ idempotencyKey }: Intention, given: PurchaseAnswer): PurchaseAnswer =>
    isSettled(given) && idempotencyKey !== unsentKey ? { ...given, kind: 'unreadable' } : given;

  const stop = () => {
    dispatch({ type: 'stop' });
    if (state.step === 'stopped') intentions.stop(state.intention);
  };

  const dismiss = () => dispatch({ type: 'dismiss' });

  connection.subscribe(() => {
    if (connection.isOnline()) {
      dispatch({ type: 'online', atMs: performance.now(), random: random() });
    } else {
      dispatch({ type: 'offline' });
    }
  });

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    buy: (saleKey, userId) => {
      // The state changes before this returns, so the second click of a double click ends here.
      if (isGoingOn(state)) return;
      dispatch({ type: 'press', intention: open(saleKey, userId), atMs: performance.now() });
      void run();
    },
    tryNow,
    stop,
    restore: (saleKey, userId) => {
      const unanswered = intentions.unanswered(saleKey);
      if (unanswered?.intention.userId !== userId) return;
      dispatch({ type: 'restore', ...unanswered, atMs: performance.now(), random: random() });
    },
    orderKnown: (saleKey, userId) => {
      const unanswered = intentions.unanswered(saleKey);
      if (unanswered?.intention.userId === userId) intentions.close(unanswered.intention);
      dispatch({ type: 'known', saleKey, userId });
    },
    leave: (userId) => {
      if (state.step === 'idle' || state.intention.userId === userId) return;
      // That somebody else is signed in now is said to that one.
      if (state.step === 'answered' && state.answer.kind === 'other_user') return;
      stop();
      dismiss();
    },
    dismiss,
  };
}

/** A bug of this page must not leave the buyer before a button that turns for ever. */
function asAnswer(error: unknown): PurchaseAnswer {
  if (error instanceof ApiError) return error.failure;
  if (error instanceof CheckError) return error.answer;
  console.error(error);
  return { kind: 'unreadable', correlationId: null };
}
