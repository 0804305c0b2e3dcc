import { useCallback, useSyncExternalStore } from 'react';

import type { SaleStatus } from '@/lib/api/schemas';
import { useNowUntil } from '@/lib/use-now-until';

import type { SaleFeed } from '../sale-feed';
import { nextMoment, phaseAt, type SalePhase } from '../sale-phase';
import type { ServerClock } from '../server-clock';

export type Sale =
  | { phase: 'loading' | 'unreachable' }
  | {
      phase: SalePhase;
      status: SaleStatus;
      /** Until the start, then until the end; 0 once there is nothing left to wait for. */
      remainingMs: number;
      /** There is no news at present, so what is shown may be out of date. */
      stale: boolean;
    };

/** The sale as the server tells it and as its clock moves it on. */
export function useSale(clock: ServerClock, feed: SaleFeed): Sale {
  const { status, stale } = useSyncExternalStore(feed.subscribe, feed.news);
  const nextTarget = useCallback(
    (nowMs: number) => (status === null ? null : nextMoment(status, phaseAt(status, nowMs))),
    [status],
  );
  const nowMs = useNowUntil(clock, nextTarget);
  if (status === null || nowMs === null) return { phase: stale ? 'unreachable' : 'loading' };
  const phase = phaseAt(status, nowMs);
  const moment = nextMoment(status, phase);
  return { phase, status, remainingMs: moment === null ? 0 : Math.max(0, moment - nowMs), stale };
}
