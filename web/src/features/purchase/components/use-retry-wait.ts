import { useCallback } from 'react';

import { type TickingClock, useNowUntil } from '@/lib/use-now-until';

import type { PurchaseState } from '../purchase-machine';

const monotonicClock: TickingClock = {
  now: () => performance.now(),
  subscribe: () => () => {},
};

/** Whole seconds until the shop is ready for the next try; 0 when it is. */
export function useRetryWait(state: PurchaseState): number {
  const readyAtMs = retryReadyAtMs(state);
  const nextTarget = useCallback(() => readyAtMs, [readyAtMs]);
  const nowMs = useNowUntil(monotonicClock, nextTarget);
  if (readyAtMs === null || nowMs === null) return 0;
  return Math.max(0, Math.ceil((readyAtMs - nowMs) / 1000));
}

function retryReadyAtMs(state: PurchaseState): number | null {
  if (state.step !== 'answered') return null;
  const { answer, answeredAtMs } = state;
  return 'retryAfterMs' in answer ? answeredAtMs + answer.retryAfterMs : null;
}
