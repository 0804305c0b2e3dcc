import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import type { PurchaseRequest } from '@/lib/api/client';
import type { CsrfTokens } from '@/lib/api/csrf-tokens';

import type { Intention, IntentionStore } from './intention-store';
import {
  IDLE,
  isSettled,
  isUnderWay,
  type PurchaseEvent,
  type PurchaseState,
  transition,
} from './purchase-machine';

export interface PurchaseFlow {
  state: () => PurchaseState;
  subscribe: (listener: () => void) => () => void;
  /** Starts a purchase, or does nothing while one is under way. */
  buy: (saleKey: string, userId: string) => void;
  /** Takes up the purchase that an earlier visit of the page left without an answer. */
  restore: (saleKey: string, userId: string) => void;
  dismiss: () => void;
}

export interface PurchaseFlowParts {
  csrfTokens: CsrfTokens;
  intentions: IntentionStore;
  post: (request: PurchaseRequest) => Promise<PurchaseAnswer>;
  /** Told of every order that this page learns of by buying. */
  onOrder: (intention: Intention, answer: OrderAnswer) => void;
}

export type OrderAnswer = Extract<PurchaseAnswer, { kind: 'purchased' | 'already_purchased' }>;

/** Runs the state machine: asks for the token, sends the purchase, keeps what must be kept. */
export function createPurchaseFlow(parts: PurchaseFlowParts): PurchaseFlow {
  const { csrfTokens, intentions, post, onOrder } = parts;
  const listeners = new Set<() => void>();
  let state = IDLE;

  const dispatch = (event: PurchaseEvent) => {
    const next = transition(state, event);
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  };

  const answer = (given: PurchaseAnswer) => {
    if (given.kind === 'csrf') {
      if (given.freshToken === null) csrfTokens.forget();
      else csrfTokens.renew(given.freshToken);
    }
    dispatch({ type: 'answer', answer: given, atMs: performance.now() });
  };

  const run = async () => {
    if (state.step === 'token') {
      try {
        dispatch({ type: 'token', csrfToken: await csrfTokens.get() });
      } catch (error) {
        answer(asAnswer(error));
      }
    }
    // At most two rounds: the machine goes back to `sending` once.
    while (state.step === 'sending') {
      // Each round needs the answer of the one before it.
      // oxlint-disable-next-line no-await-in-loop
      answer(await post({ csrfToken: state.csrfToken, ...state.intention }).catch(asAnswer));
    }
    if (state.step === 'answered') settle(state.intention, state.answer);
  };

  const settle = (intention: Intention, given: PurchaseAnswer) => {
    if (isSettled(given)) intentions.close(intention);
    if (given.kind === 'purchased' || given.kind === 'already_purchased') {
      onOrder(intention, given);
    }
  };

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    buy: (saleKey, userId) => {
      // The state changes before this returns, so the second click of a double click ends here.
      if (isUnderWay(state)) return;
      dispatch({ type: 'press', intention: intentions.open(saleKey, userId) });
      void run();
    },
    restore: (saleKey, userId) => {
      const intention = intentions.unanswered(saleKey);
      if (intention?.userId === userId) dispatch({ type: 'restore', intention });
    },
    dismiss: () => dispatch({ type: 'dismiss' }),
  };
}

/** A bug of this page must not leave the buyer before a button that turns for ever. */
function asAnswer(error: unknown): PurchaseAnswer {
  if (error instanceof ApiError) return error.failure;
  console.error(error);
  return { kind: 'unreadable', correlationId: null };
}
