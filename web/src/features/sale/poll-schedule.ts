import type { Situation } from '@/lib/polling';

/** The usual time between two polls. */
export const POLL_MS = 3_000;
/** Polls of a page that nobody looks at. */
export const POLL_HIDDEN_MS = 30_000;
/** The longest wait after failures, before jitter. */
export const POLL_FAILED_MS_MAX = 30_000;
/** Each wait is varied by up to this share both ways, or every visitor would ask at once. */
export const POLL_JITTER = 0.2;

/** How long to wait before the next poll; `random` is uniform in [0, 1). */
export function pollDelayMs({ failuresInARow, hidden }: Situation, random: number): number {
  const backoff = Math.min(POLL_MS * 2 ** failuresInARow, POLL_FAILED_MS_MAX);
  const wait = hidden ? Math.max(POLL_HIDDEN_MS, backoff) : backoff;
  return Math.round(wait * (1 + POLL_JITTER * (2 * random - 1)));
}

/**
 * How long a page waits that has just lost the live stream. A server that stops loses all its pages
 * in one moment, so their first polls are spread over the whole of a usual wait.
 */
export function firstPollDelayMs(random: number): number {
  return Math.round(POLL_MS * random);
}
