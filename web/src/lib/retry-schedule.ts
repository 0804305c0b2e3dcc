import type { PurchaseAnswer } from '@/lib/api/answers';

/** When what got no answer is asked again: an order, or the check before it. */

/** Tries of one press before the page asks the buyer whether to go on. */
export const TRIES_MAX = 20;
/** The page also asks once it has tried for this long. */
export const RETRYING_MS_MAX = 5 * 60_000;
/** The span of the first wait, which doubles with each try. */
export const BACKOFF_MS = 1_000;
export const BACKOFF_MS_MAX = 15_000;
/** So close to the start "not yet" means that two clocks differ, and the order goes out again. */
export const NEAR_START_MS = 5_000;
/** The tries of all who were a moment too early are spread over this long after the start. */
export const NEAR_START_SPREAD_MS = 500;

export interface RetryWait {
  /** How long the shop asks to be left alone; before that not even the buyer may press. */
  restMs: number;
  /** How long until the next try goes out by itself. */
  delayMs: number;
}

/**
 * How long to wait after an answer before the same order goes out again, or `null` if it should not:
 * the sale has spoken, or another try would bring the same. `tries` counts those made so far,
 * `random` is uniform in [0, 1), `msToStart` is negative once the sale has begun.
 */
export function retryWait(
  answer: PurchaseAnswer,
  { tries, random, msToStart }: { tries: number; random: number; msToStart: number | null },
): RetryWait | null {
  switch (answer.kind) {
    case 'busy':
    case 'rate_limited':
    case 'check_unavailable':
      return {
        restMs: answer.retryAfterMs,
        delayMs: backoffMs(tries, answer.retryAfterMs, random),
      };
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return { restMs: 0, delayMs: backoffMs(tries, 0, random) };
    case 'not_active': {
      const near = msToStart !== null && Math.abs(msToStart) <= NEAR_START_MS;
      if (answer.phase !== 'upcoming' || !near) return null;
      const restMs = Math.max(0, msToStart);
      return { restMs, delayMs: restMs + NEAR_START_SPREAD_MS * (0.2 + 0.8 * random) };
    }
    case 'purchased':
    case 'already_purchased':
    case 'sold_out':
    case 'csrf':
    case 'unauthorized':
    case 'other_user':
    case 'pass_required':
    case 'check_failed':
    case 'invalid_user':
    case 'bad_request':
      return null;
  }
}

/** At least what the shop asks for, and then a random part: buyers shall not come back in step. */
export function backoffMs(tries: number, atLeastMs: number, random: number): number {
  const span = Math.min(BACKOFF_MS * 2 ** (tries - 1), BACKOFF_MS_MAX);
  return Math.max(atLeastMs, span / 2) + (span / 2) * random;
}
