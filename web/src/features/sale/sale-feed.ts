import { ApiError } from '@/lib/api/answers';
import { getStatus, type ObservedStatus } from '@/lib/api/client';
import type { SaleStatus } from '@/lib/api/schemas';
import { openStatusEvents } from '@/lib/api/status-events';
import { type Polling, startPolling } from '@/lib/polling';

import { startLiveStream } from './live-stream';
import { firstPollDelayMs, pollDelayMs } from './poll-schedule';
import { newerStatus } from './sale-phase';
import type { ServerClock } from './server-clock';

/** What the page knows of the sale, and how fresh that is. */
export interface SaleNews {
  /** `null` until the shop has answered for the first time. */
  status: SaleStatus | null;
  /** The last question got no answer, and no stream brings news: what is known may be out of date. */
  stale: boolean;
}

/** The news of the sale: from the live stream while there is one, and from polls while there is none. */
export interface SaleFeed {
  news: () => SaleNews;
  subscribe: (listener: () => void) => () => void;
  /** Asks now rather than at the next turn, unless the stream tells by itself. */
  refresh: () => void;
  /** Begins to ask, until the function that it returns is called. */
  start: () => () => void;
}

export function createSaleFeed(clock: ServerClock): SaleFeed {
  const listeners = new Set<() => void>();
  let news: SaleNews = { status: null, stale: false };
  let polling: Polling | null = null;
  let live = false;

  const tell = (next: SaleNews) => {
    news = next;
    for (const listener of listeners) listener();
  };

  const take = ({ status, receivedAtMs }: ObservedStatus) => {
    clock.observe(status.serverTime, receivedAtMs);
    tell({ status: newerStatus(news.status, status), stale: false });
  };

  const poll = async () => {
    try {
      take(await getStatus());
      return true;
    } catch (error) {
      // A mistake of the page itself must not pass for a lost connection without a word.
      if (!(error instanceof ApiError)) console.error(error);
      if (!news.stale && !live) tell({ ...news, stale: true });
      return false;
    }
  };

  return {
    news: () => news,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh: () => polling?.pollNow(),
    start: () => {
      // Asked at once and beside the stream: networks that hold streams back let a question through.
      const started = startPolling(poll, (situation) => pollDelayMs(situation, Math.random()));
      polling = started;
      const stopStream = startLiveStream({
        open: openStatusEvents,
        onStatus: take,
        onLive: (next) => {
          live = next;
          if (live) started.rest();
          else started.resume(firstPollDelayMs(Math.random()));
        },
      });
      return () => {
        stopStream();
        started.stop();
        polling = null;
      };
    },
  };
}
