import { useCallback } from 'react';

import { type TickingClock, useNowUntil } from './use-now-until';

/** The browser's clock that never steps. It is never set either, so nobody is told. */
const monotonicClock: TickingClock = {
  now: () => performance.now(),
  subscribe: () => () => {},
};

/** Whole seconds until a time of `performance.now()`; 0 once it is there, or if there is none. */
export function useSecondsUntil(targetMs: number | null): number {
  const nextTarget = useCallback(() => targetMs, [targetMs]);
  const nowMs = useNowUntil(monotonicClock, nextTarget);
  if (targetMs === null || nowMs === null) return 0;
  return Math.max(0, Math.ceil((targetMs - nowMs) / 1000));
}
