import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';

import { getStatus } from '@/lib/api/client';
import type { SaleStatus } from '@/lib/api/schemas';
import { useNowUntil } from '@/lib/use-now-until';

import { type Polling, startPolling } from '../polling';
import { newerStatus, nextMoment, phaseAt, type SalePhase } from '../sale-phase';
import type { ServerClock } from '../server-clock';

const QUERY_KEY = ['status'];

export type Sale =
  | { phase: 'loading' | 'unreachable' }
  | {
      phase: SalePhase;
      status: SaleStatus;
      /** Until the start, then until the end; 0 once there is nothing left to wait for. */
      remainingMs: number;
      /** The last poll failed, so what is shown may be out of date. */
      reconnecting: boolean;
    };

/** The sale as the server tells it and as its clock moves it on. */
export function useSale(clock: ServerClock): { sale: Sale; pollNow: () => void } {
  const queryClient = useQueryClient();
  const { data, isError, errorUpdateCount, refetch } = useQuery({
    queryKey: QUERY_KEY,
    queryFn: async ({ signal }) => {
      const { status, receivedAtMs } = await getStatus(signal);
      clock.observe(status.serverTime, receivedAtMs);
      return newerStatus(queryClient.getQueryData<SaleStatus>(QUERY_KEY), status);
    },
    // The schedule below decides when to ask.
    enabled: false,
    retry: false,
    networkMode: 'always',
  });

  const polling = useRef<Polling>(null);
  useEffect(() => {
    const started = startPolling(async () => (await refetch({ cancelRefetch: false })).isSuccess);
    polling.current = started;
    return started.stop;
  }, [refetch]);
  const pollNow = useCallback(() => polling.current?.pollNow(), []);

  const nextTarget = useCallback(
    (nowMs: number) => (data === undefined ? null : nextMoment(data, phaseAt(data, nowMs))),
    [data],
  );
  const nowMs = useNowUntil(clock, nextTarget);
  if (data === undefined || nowMs === null) {
    return { sale: { phase: errorUpdateCount > 0 ? 'unreachable' : 'loading' }, pollNow };
  }
  const phase = phaseAt(data, nowMs);
  const moment = nextMoment(data, phase);
  const remainingMs = moment === null ? 0 : Math.max(0, moment - nowMs);
  return { sale: { phase, status: data, remainingMs, reconnecting: isError }, pollNow };
}
