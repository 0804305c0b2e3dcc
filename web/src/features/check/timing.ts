import type { PurchaseAnswer } from '@/lib/api/answers';

/** A pass is renewed after this part of its time, and a random part more: not all come back at once. */
const RENEW_SHARE = 0.6;
const RENEW_SHARE_SPREAD = 0.25;
/** However short a pass is good. */
const RENEW_MS_MIN = 500;

/** A check that could not be made is made again after this, which doubles with each failure. */
const AGAIN_MS = 2_000;
const AGAIN_MS_MAX = 60_000;

/** So long a purchase waits for the check. */
export const WAIT_MS_MAX = 5 * 60_000;

export function renewInMs(lifetimeMs: number, random: number): number {
  const share = RENEW_SHARE + RENEW_SHARE_SPREAD * random;
  return Math.max(RENEW_MS_MIN, lifetimeMs * share);
}

/**
 * When the check is made again by itself, or `null` if another try would bring the same. `failures` counts
 * those in a row, `random` is uniform in [0, 1).
 */
export function againInMs(cause: PurchaseAnswer, failures: number, random: number): number | null {
  const span = Math.min(AGAIN_MS * 2 ** (failures - 1), AGAIN_MS_MAX);
  const backoff = (span / 2) * (1 + random);
  switch (cause.kind) {
    case 'busy':
    case 'rate_limited':
    case 'check_unavailable':
      return Math.max(cause.retryAfterMs, span / 2) + (span / 2) * random;
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return backoff;
    // A challenge may have grown too old while the browser slept; a second time it is something else.
    case 'check_failed':
      return failures === 1 ? backoff : null;
    default:
      return null;
  }
}
