import type { PurchaseAnswer } from '@/lib/api/answers';

import type { Intention } from './intention-store';
import { backoffMs, RETRYING_MS_MAX, retryWait, TRIES_MAX } from '@/lib/retry-schedule';

/**
 * The course of one purchase as a pure state machine. It knows no network, no storage, no clock, no
 * dice and no React; `purchase-flow.ts` carries out what a state calls for.
 *
 * ```
 * idle ── press ──► token ── token ──► sending ── the sale's answer ──► answered
 *   │                 ▲ └─────────────────┤ ▲ └─ csrf, once: with the fresh token
 *   │                 └─ no pass, once ───┤ │
 *   │                 │ retry             │ │
 *   └─ restore ──► waiting ◄── no answer ─┘ └── (a late answer of the sale is taken anywhere)
 *                     └── stop, or one try too many ──► stopped ── press ──► token
 * ```
 *
 * All times are of the monotonic clock.
 */
export type PurchaseState =
  | { step: 'idle' }
  /** A CSRF token is being fetched, and a pass where one is needed. */
  | ({ step: 'token'; passRetried?: boolean } & Tries)
  /** The purchase is on its way. */
  | ({ step: 'sending'; csrfToken: string; csrfRetried: boolean; passRetried?: boolean } & Tries)
  /** No answer of the sale yet. The next try goes out by itself, or once there is a network. */
  | ({ step: 'waiting'; earliestAtMs: number; retryAtMs: number; offline: boolean } & Tries)
  /** No answer of the sale, and no try goes out by itself any more. */
  | {
      step: 'stopped';
      intention: Intention;
      by: 'buyer' | 'bound';
      earliestAtMs: number;
      cause: Cause | null;
    }
  | { step: 'answered'; intention: Intention; answer: PurchaseAnswer };

interface Tries {
  intention: Intention;
  /** Tries made, with the one under way. */
  tries: number;
  /** When the first of them began. */
  sinceMs: number;
  /** Why one try was not enough; `null` during the first. */
  cause: Cause | null;
}

/** The last answer, which was none of the sale's, or that an earlier visit was gone before one. */
export type Cause = PurchaseAnswer | { kind: 'interrupted' };

export type PurchaseEvent =
  | { type: 'press'; intention: Intention; atMs: number }
  | { type: 'token'; csrfToken: string }
  | {
      type: 'answer';
      idempotencyKey: string;
      answer: PurchaseAnswer;
      atMs: number;
      online: boolean;
      /** Uniform in [0, 1). */
      random: number;
      /** By the server's clock; `null` while that is not known. */
      msToStart: number | null;
    }
  /** The wait is over, or the buyer cut it short. */
  | { type: 'retry'; atMs: number }
  | { type: 'stop' }
  | { type: 'offline' }
  | { type: 'online'; atMs: number; random: number }
  /** An earlier visit left the intention without an answer, or the buyer has signed in again. */
  | { type: 'restore'; intention: Intention; stopped: boolean; atMs: number; random: number }
  /** The order turned out to be known, by another tab or by the shop's books. */
  | { type: 'known'; saleKey: string; userId: string }
  /** The buyer moved on: typed another id, or closed the receipt. */
  | { type: 'dismiss' };

type AnswerEvent = Extract<PurchaseEvent, { type: 'answer' }>;

export const IDLE: PurchaseState = { step: 'idle' };

/** An event that makes no sense in a state leaves it as it is: a second press is not a purchase. */
export function transition(state: PurchaseState, event: PurchaseEvent): PurchaseState {
  switch (event.type) {
    case 'press': {
      if (isGoingOn(state)) return state;
      if (state.step === 'stopped' && event.atMs < state.earliestAtMs) return state;
      const { intention, atMs } = event;
      return { step: 'token', intention, tries: 1, sinceMs: atMs, cause: null };
    }
    case 'token':
      if (state.step !== 'token') return state;
      return { ...state, step: 'sending', csrfToken: event.csrfToken, csrfRetried: false };
    case 'answer':
      return takeAnswer(state, event);
    case 'retry':
      if (state.step !== 'waiting' || event.atMs < state.earliestAtMs) return state;
      return { ...triesOf(state), step: 'token', tries: state.tries + 1 };
    case 'stop':
      return isGoingOn(state) ? stopped(state, 'buyer') : state;
    case 'offline':
      return state.step === 'waiting' ? { ...state, offline: true } : state;
    case 'online': {
      if (state.step !== 'waiting' || !state.offline) return state;
      // The time without a network was no fault of the shop's, so it does not count against it.
      const retryAtMs = Math.max(event.atMs + backoffMs(1, 0, event.random), state.earliestAtMs);
      return { ...state, offline: false, sinceMs: event.atMs, retryAtMs };
    }
    case 'restore':
      return state.step === 'idle' || awaitsSignIn(state) ? restored(event) : state;
    case 'known': {
      const unsettled = isGoingOn(state) || state.step === 'stopped';
      if (!unsettled || state.intention.userId !== event.userId) return state;
      return state.intention.saleKey === event.saleKey ? IDLE : state;
    }
    case 'dismiss':
      return isGoingOn(state) ? state : IDLE;
  }
}

/** Whether a request is under way. */
export function isUnderWay(
  state: PurchaseState,
): state is Extract<PurchaseState, { step: 'token' | 'sending' }> {
  return state.step === 'token' || state.step === 'sending';
}

/** Whether the purchase goes on without the buyer: a request is under way, or the next one is due. */
export function isGoingOn(
  state: PurchaseState,
): state is Extract<PurchaseState, { step: 'token' | 'sending' | 'waiting' }> {
  return isUnderWay(state) || state.step === 'waiting';
}

/** Whether this is the first try, and it is not on its way: nothing is lost if it ends. */
export function waitsForCheck(state: PurchaseState): boolean {
  return state.step === 'token' && state.cause === null;
}

/** Whether the order lies still until its buyer is signed in again. */
export function awaitsSignIn(state: PurchaseState): boolean {
  return state.step === 'answered' && state.answer.kind === 'unauthorized';
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
    case 'unauthorized':
    case 'other_user':
    case 'pass_required':
    case 'check_failed':
    case 'check_unavailable':
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return false;
  }
}

function takeAnswer(state: PurchaseState, event: AnswerEvent): PurchaseState {
  const { answer, atMs, online } = event;
  if (state.step === 'idle' || state.step === 'answered') return state;
  if (state.intention.idempotencyKey !== event.idempotencyKey) return state;
  const { intention } = state;
  // An earlier try of the same order may answer late; what the sale says then is still the truth.
  if (!isUnderWay(state)) {
    return isSettled(answer) ? { step: 'answered', intention, answer } : state;
  }
  const mayRenewToken = state.step === 'sending' && !state.csrfRetried;
  if (mayRenewToken && answer.kind === 'csrf' && answer.freshToken !== null) {
    return { ...state, csrfToken: answer.freshToken, csrfRetried: true };
  }
  if (state.step === 'sending' && answer.kind === 'pass_required' && state.passRetried !== true) {
    return { ...triesOf(state), step: 'token', passRetried: true };
  }
  const wait = retryWait(answer, { ...event, tries: state.tries });
  if (wait === null) return { step: 'answered', intention, answer };
  const waiting: PurchaseState = {
    ...triesOf(state),
    step: 'waiting',
    cause: answer,
    earliestAtMs: atMs + wait.restMs,
    retryAtMs: atMs + wait.delayMs,
    offline: !online,
  };
  const tooLong = waiting.retryAtMs - state.sinceMs > RETRYING_MS_MAX;
  return state.tries >= TRIES_MAX || tooLong ? stopped(waiting, 'bound') : waiting;
}

function restored(event: Extract<PurchaseEvent, { type: 'restore' }>): PurchaseState {
  const { intention, atMs, random } = event;
  const waiting: PurchaseState = {
    step: 'waiting',
    intention,
    tries: 0,
    sinceMs: atMs,
    cause: { kind: 'interrupted' },
    earliestAtMs: atMs,
    retryAtMs: atMs + backoffMs(1, 0, random),
    offline: false,
  };
  return event.stopped ? stopped(waiting, 'buyer') : waiting;
}

function stopped(
  state: Extract<PurchaseState, { step: 'token' | 'sending' | 'waiting' }>,
  by: 'buyer' | 'bound',
): PurchaseState {
  const { intention, cause } = state;
  const earliestAtMs = state.step === 'waiting' ? state.earliestAtMs : 0;
  return { step: 'stopped', intention, by, earliestAtMs, cause };
}

function triesOf({ intention, tries, sinceMs, cause }: Tries): Tries {
  return { intention, tries, sinceMs, cause };
}
