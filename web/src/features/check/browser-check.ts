import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import {
  CheckError,
  type Evidence,
  getCheck,
  postChallenge,
  postPass,
} from '@/lib/api/check-client';
import type { CsrfTokens } from '@/lib/api/csrf-tokens';
import type { CheckKind } from '@/lib/api/schemas';
import { RETRYING_MS_MAX, retryWait } from '@/lib/retry-schedule';

import { meant } from './meant';
import { prove } from './prove';
import type { askWidget, WidgetAnswer } from './widget';

/** A pass is renewed after this part of its time and a random part more: not all come back at once. */
const RENEW_SHARE = 0.6;
const RENEW_SHARE_SPREAD = 0.25;
/** However short a pass is good. */
const RENEW_MS_MIN = 500;

/** A service that cannot be reached is left alone for at least so long. */
const SERVICE_REST_MS = 5_000;

const FAILED: PurchaseAnswer = { kind: 'check_failed', correlationId: null };

export type CheckState =
  /** Nothing to be said: there is no check, or nobody for whom to pass it. */
  | { step: 'none' }
  | { step: 'checking'; byService: boolean }
  | { step: 'passed' }
  /** `goesOn`: it is made again by itself. */
  | { step: 'failed'; goesOn: boolean };

/** The check before the sale: a pass for whoever is going to buy, got before the start and kept good. */
export interface BrowserCheck {
  state: () => CheckState;
  subscribe: (listener: () => void) => () => void;
  /** Who is going to buy. What is under way for somebody else ends. */
  want: (userId: string | null) => void;
  /** Ends what is under way for anybody but this person. */
  leave: (userId: string | null) => void;
  /** Makes the check once more, after a failure. */
  again: () => void;
  /**
   * Waits until this person has passed. Without `required` it does so only where a check is known to be: whether
   * one is needed the shop says itself, and a question that gets no answer holds no purchase up.
   */
  pass: (userId: string, required: boolean) => Promise<void>;
  /** The element in which a service may show its widget. */
  mount: (place: HTMLElement | null) => void;
}

interface Parts {
  csrfTokens: CsrfTokens;
  /** The shop's clock, in epoch milliseconds; `null` while it is not known. */
  now: () => number | null;
  /** Told of every failure. */
  onFailure: (cause: PurchaseAnswer) => void;
  /** Does the work of a challenge. */
  work?: typeof prove;
  random?: () => number;
}

interface Job {
  userId: string;
  abort: AbortController;
  done: Promise<void>;
}

export function createBrowserCheck(parts: Parts): BrowserCheck {
  const { csrfTokens, now, onFailure, work = prove, random = Math.random } = parts;
  const listeners = new Set<() => void>();
  let state: CheckState = { step: 'none' };
  let kind: CheckKind | null = null;
  let wanted: string | null = null;
  let job: Job | null = null;
  let passed: { userId: string; untilMs: number } | null = null;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends with the pass. */
  let lapse: ReturnType<typeof setTimeout> | undefined;
  /** What is true as soon as the pass has run out. */
  let withoutPass: CheckState = state;
  let place: HTMLElement | null = null;

  const tell = (next: CheckState) => {
    if (state.step === next.step && next.step !== 'failed') return;
    state = next;
    for (const listener of listeners) listener();
  };

  const isPassed = (userId: string) =>
    passed?.userId === userId && performance.now() < passed.untilMs;

  /** Renewed without a word, as long as the pass before is good. */
  const say = (userId: string, next: CheckState) => {
    withoutPass = next;
    if (!isPassed(userId)) tell(next);
  };

  const tellLapse = () => {
    if (state.step === 'passed') tell(withoutPass);
  };

  const evidence = async (of: CheckKind, userId: string, signal: AbortSignal) => {
    if (of.check === 'service') {
      if (place === null) throw new Error('there is no place for the widget');
      const answer = await widgetAnswer(of, place, signal);
      if ('token' in answer) return answer;
      throw new CheckError(
        answer.trouble === 'check_failed'
          ? FAILED
          : { kind: 'check_unavailable', retryAfterMs: SERVICE_REST_MS, correlationId: null },
      );
    }
    const { challenge, bits } = await meant(csrfTokens, (csrfToken) =>
      postChallenge({ userId, csrfToken, signal }),
    );
    return { challenge, nonce: await work({ challenge, bits }, signal) };
  };

  const make = async (userId: string, signal: AbortSignal) => {
    kind ??= await getCheck();
    signal.throwIfAborted();
    if (kind.check === 'none') return tell({ step: 'none' });
    say(userId, { step: 'checking', byService: kind.check === 'service' });
    const shown: Evidence = await evidence(kind, userId, signal);
    const { expiresAt } = await meant(csrfTokens, (csrfToken) =>
      postPass({ userId, csrfToken, signal }, shown),
    );
    signal.throwIfAborted();
    const lifetimeMs = expiresAt - (now() ?? Date.now());
    failures = 0;
    keep({ userId, untilMs: performance.now() + lifetimeMs });
  };

  const keep = (pass: { userId: string; untilMs: number }) => {
    passed = pass;
    const leftMs = pass.untilMs - performance.now();
    const renewInMs = leftMs * (RENEW_SHARE + RENEW_SHARE_SPREAD * random());
    timer = setTimeout(() => begin(pass.userId), Math.max(renewInMs, RENEW_MS_MIN));
    clearTimeout(lapse);
    lapse = setTimeout(tellLapse, leftMs);
    tell({ step: 'passed' });
  };

  const fail = (error: unknown, userId: string) => {
    const cause = causeOf(error);
    failures += 1;
    onFailure(cause);
    // The check may be another one by now.
    kind = null;
    const wait = retryWait(cause, { tries: failures, random: random(), msToStart: null });
    if (wait !== null) timer = setTimeout(() => begin(userId), wait.delayMs);
    // Nothing is said where nobody knows of a check.
    if (state.step !== 'none') say(userId, { step: 'failed', goesOn: wait !== null });
  };

  const end = () => {
    clearTimeout(timer);
    const ended = job;
    job = null;
    ended?.abort.abort(new CheckError(FAILED));
  };

  const begin = (userId: string): Job => {
    end();
    const abort = new AbortController();
    const isUnderWay = () => job?.abort === abort;
    const run = async () => {
      try {
        await make(userId, abort.signal);
        if (isUnderWay()) job = null;
      } catch (error) {
        if (isUnderWay()) {
          job = null;
          fail(error, userId);
        }
        // For the purchase that waits for it.
        throw error;
      }
    };
    // It must be known as the one under way before it begins.
    const begun = { userId, abort, done: Promise.resolve().then(run) };
    begun.done.catch(() => {});
    job = begun;
    return begun;
  };

  const want = (userId: string | null) => {
    if (userId === wanted) return;
    wanted = userId;
    end();
    failures = 0;
    if (userId === null) tell({ step: 'none' });
    else if (passed !== null && isPassed(userId)) keep(passed);
    else begin(userId);
  };

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    want,
    leave: (userId) => {
      if (userId !== wanted) want(null);
    },
    again: () => {
      if (wanted !== null && job === null) begin(wanted);
    },
    pass: async (userId, required) => {
      if (required) {
        // The check that the page knows of may be another one by now.
        passed = null;
        kind = null;
      } else if (isPassed(userId) || kind === null || kind.check === 'none') return;
      wanted = userId;
      tellLapse();
      const begun = job?.userId === userId && !required ? job : begin(userId);
      // A widget may wait for somebody who has gone; the purchase does not.
      const late = new Promise<never>((_, failed) => {
        setTimeout(() => {
          const error = new CheckError(FAILED);
          if (job === begun) {
            end();
            fail(error, userId);
          }
          failed(error);
        }, RETRYING_MS_MAX);
      });
      await Promise.race([begun.done, late]);
    },
    mount: (next) => {
      place = next;
    },
  };
}

/** Only where there is a service, its widget is loaded. */
async function widgetAnswer(...of: Parameters<typeof askWidget>): Promise<WidgetAnswer> {
  const part = await import('./widget').catch(() => null);
  return part === null ? { trouble: 'check_unavailable' } : part.askWidget(...of);
}

function causeOf(error: unknown): PurchaseAnswer {
  if (error instanceof CheckError) return error.answer;
  if (error instanceof ApiError) return error.failure;
  console.error(error);
  return FAILED;
}
