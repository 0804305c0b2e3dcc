import type { PurchaseAnswer } from '@/lib/api/answers';

import type { Intention } from './intention-store';

/**
 * The course of one purchase as a pure state machine. It knows no network, no storage and no React;
 * `purchase-flow.ts` carries out what a state calls for.
 *
 * ```
 * idle ── press ──► token ── token ──► sending ── answer ──► answered
 *                     └───── answer ───────┼────────────────────▲
 *                                          └─ csrf, once: again with the fresh token
 * ```
 */
export type PurchaseState =
  | { step: 'idle' }
  /** A CSRF token is being fetched. */
  | { step: 'token'; intention: Intention }
  /** The purchase is on its way. */
  | { step: 'sending'; intention: Intention; csrfToken: string; csrfRetried: boolean }
  | { step: 'answered'; intention: Intention; answer: PurchaseAnswer; answeredAtMs: number }
  /** An earlier visit of this page sent the intention and was gone before the answer came. */
  | { step: 'interrupted'; intention: Intention };

export type PurchaseEvent =
  | { type: 'press'; intention: Intention }
  | { type: 'token'; csrfToken: string }
  /** `atMs` is the monotonic time at which the answer came; waits are counted from it. */
  | { type: 'answer'; answer: PurchaseAnswer; atMs: number }
  | { type: 'restore'; intention: Intention }
  /** The buyer moved on: typed another id, or closed the receipt. */
  | { type: 'dismiss' };

export const IDLE: PurchaseState = { step: 'idle' };

/** An event that makes no sense in a state leaves it as it is: a second press is not a purchase. */
export function transition(state: PurchaseState, event: PurchaseEvent): PurchaseState {
  switch (event.type) {
    case 'press':
      return isUnderWay(state) ? state : { step: 'token', intention: event.intention };
    case 'token':
      if (state.step !== 'token') return state;
      return {
        step: 'sending',
        intention: state.intention,
        csrfToken: event.csrfToken,
        csrfRetried: false,
      };
    case 'answer':
      return takeAnswer(state, event.answer, event.atMs);
    case 'restore':
      return state.step === 'idle' ? { step: 'interrupted', intention: event.intention } : state;
    case 'dismiss':
      return isUnderWay(state) ? state : IDLE;
  }
}

export function isUnderWay(
  state: PurchaseState,
): state is Extract<PurchaseState, { step: 'token' | 'sending' }> {
  return state.step === 'token' || state.step === 'sending';
}

/**
 * Whether the sale itself has spoken. Without that the order may or may not exist, and the next try
 * has to carry the same key.
 */
export function isSettled(answer: PurchaseAnswer): boolean {
  switch (answer.kind) {
    case 'purchased':
    case 'already_purchased':
    case 'sold_out':
    case 'not_active':
    case 'invalid_user':
    case 'bad_request':
      return true;
    case 'busy':
    case 'rate_limited':
    case 'csrf':
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return false;
  }
}

function takeAnswer(state: PurchaseState, answer: PurchaseAnswer, atMs: number): PurchaseState {
  if (!isUnderWay(state)) return state;
  const { intention } = state;
  const mayRetry = state.step === 'sending' && !state.csrfRetried;
  if (mayRetry && answer.kind === 'csrf' && answer.freshToken !== null) {
    return { step: 'sending', intention, csrfToken: answer.freshToken, csrfRetried: true };
  }
  return { step: 'answered', intention, answer, answeredAtMs: atMs };
}
