import type { AdminClient } from '@/console/lib/api/client';
import type { LiveState, Sample } from '@/console/lib/api/schemas';
import type { Failure } from '@/console/lib/api/transport';
import { createStore, type Store } from '@/console/lib/store';
import { type Polling, type Situation, startPolling } from '@/lib/polling';

import { withFresh } from './samples';

export const POLL_MS = 1_000;
export const POLL_HIDDEN_MS = 10_000;
export const POLL_FAILED_MS_MAX = 10_000;
/** A node that answers but brings no sample for so long is asked for all that it has. */
const SAMPLES_OVERDUE_MS = 5_000;

export type Link =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** `sinceMs` is the last good answer by the browser's clock, or `null` if there was none. */
  | { kind: 'away'; sinceMs: number | null; failure: Failure };

/** All that is known of the node, and how fresh it is. */
export interface LiveView {
  link: Link;
  state: LiveState | null;
  samples: readonly Sample[];
  /** The node's time of the last answer, and when that came by the browser's monotonic clock. */
  heard: { nodeMs: number; monotonicMs: number; wallMs: number } | null;
}

export interface LiveFeed {
  view: Store<LiveView>;
  /** Begins to poll; what is returned ends it. */
  start: () => () => void;
  /** Asks anew now, and resolves when the answer is in the view. */
  refresh: () => Promise<void>;
  /** Forgets what was learned, for the next person at this screen. */
  forget: () => void;
}

const NOTHING: LiveView = { link: { kind: 'connecting' }, state: null, samples: [], heard: null };

export function createLiveFeed(client: Pick<AdminClient, 'getLive'>): LiveFeed {
  const view = createStore<LiveView>(NOTHING);
  let polling: Polling | null = null;
  /** Set when the node may have begun to count anew, so that a number of ours means nothing to it. */
  let askForAll = true;
  /** Counts what was forgotten, so that an answer which was under way then does not bring it back. */
  let lives = 0;

  const poll = async (): Promise<boolean> => {
    const { samples } = view.get();
    const asked = lives;
    const answer = await client.getLive(askForAll ? null : (samples.at(-1)?.sequence ?? null));
    if (asked !== lives) return false;
    if (answer.kind !== 'ok') {
      askForAll = true;
      const { heard } = view.get();
      const link: Link = { kind: 'away', sinceMs: heard?.wallMs ?? null, failure: answer };
      view.set({ ...view.get(), link });
      return false;
    }
    const { now, state, samples: fresh } = answer.value;
    const merged = withFresh(samples, fresh);
    const newest = merged.at(-1);
    askForAll = newest !== undefined && now - newest.at > SAMPLES_OVERDUE_MS;
    view.set({
      link: { kind: 'live' },
      state,
      samples: merged,
      heard: { nodeMs: now, monotonicMs: performance.now(), wallMs: Date.now() },
    });
    return true;
  };

  return {
    view,
    start: () => {
      const started = startPolling(poll, pollDelayMs);
      polling = started;
      return () => {
        started.stop();
        if (polling === started) polling = null;
      };
    },
    refresh: async () => polling?.pollAfresh(),
    forget: () => {
      lives += 1;
      askForAll = true;
      view.set(NOTHING);
    },
  };
}

/** The longer a node does not answer, the less often it is asked. */
export function pollDelayMs({ failuresInARow, hidden }: Situation): number {
  const backoff = Math.min(POLL_MS * 2 ** failuresInARow, POLL_FAILED_MS_MAX);
  return hidden ? Math.max(POLL_HIDDEN_MS, backoff) : backoff;
}

/** The node's clock, which runs on by the browser's monotonic one between two answers. */
export function nodeNow({ heard }: LiveView, monotonicMs: number): number | null {
  // What ticks may be older than the answer, and the clock must not run backwards for that.
  return heard === null ? null : heard.nodeMs + Math.max(0, monotonicMs - heard.monotonicMs);
}
