/**
 * The server's clock as this page knows it, counted on the browser's monotonic clock. A visitor's
 * wall clock that is wrong, or that steps while the page is open, has no say in it.
 */
export interface ServerClock {
  /** The server's time in epoch milliseconds, or `null` before the first answer. */
  now: () => number | null;
  /** Takes in a time that the server sent, and when it arrived on the monotonic clock. */
  observe: (serverTimeMs: number, receivedAtMs: number) => void;
  subscribe: (listener: () => void) => () => void;
}

/**
 * An answer spends time on its way and perhaps in a cache, so the time it carries is never newer
 * than the server's. Every sample is therefore a lower bound of the true offset, and the greatest
 * of them is the best estimate: a stale answer can never set the clock back, and the page opens the
 * sale a network delay late at worst, never early.
 */
export function createServerClock(monotonicNow: () => number): ServerClock {
  const listeners = new Set<() => void>();
  let offsetMs: number | null = null;
  return {
    now: () => (offsetMs === null ? null : monotonicNow() + offsetMs),
    observe: (serverTimeMs, receivedAtMs) => {
      const sampleMs = serverTimeMs - receivedAtMs;
      if (offsetMs !== null && sampleMs <= offsetMs) return;
      offsetMs = sampleMs;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
