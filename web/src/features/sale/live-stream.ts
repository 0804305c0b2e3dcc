import type { ObservedStatus } from '@/lib/api/client';
import type { StatusEventsListener } from '@/lib/api/status-events';

import {
  reconnectDelayMs,
  STREAM_HIDDEN_MS_MAX,
  STREAM_PROVEN_MS,
  STREAM_SILENCE_MS_MAX,
} from './stream-schedule';

export interface LiveStreamParts {
  /** Opens the stream once and returns what closes it. */
  open: (listener: StatusEventsListener) => () => void;
  onStatus: (observed: ObservedStatus) => void;
  /** Told when news begins to come by the stream, and when it no longer does. */
  onLive: (live: boolean) => void;
  random?: () => number;
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/**
 * Keeps the live stream open for as long as somebody looks at the page and the network is there.
 * It is live from its first event on. One that ends, or falls silent, is opened again after a wait
 * of its own.
 */
export function startLiveStream(parts: LiveStreamParts): () => void {
  const { open, onStatus, onLive, random = Math.random } = parts;
  let failuresInARow = 0;
  let close: (() => void) | null = null;
  let live = false;
  let silence: Timer;
  let proven: Timer;
  let reconnect: Timer;
  let hiding: Timer;

  const setLive = (next: boolean) => {
    if (live === next) return;
    live = next;
    onLive(next);
  };

  const shut = () => {
    clearTimeout(silence);
    clearTimeout(proven);
    clearTimeout(reconnect);
    close?.();
    close = null;
    setLive(false);
  };

  const fail = () => {
    shut();
    failuresInARow += 1;
    reconnect = setTimeout(connect, reconnectDelayMs(failuresInARow, random()));
  };

  const listenFor = () => {
    clearTimeout(silence);
    silence = setTimeout(fail, STREAM_SILENCE_MS_MAX);
  };

  const connect = () => {
    if (close !== null || document.visibilityState === 'hidden') return;
    clearTimeout(reconnect);
    listenFor();
    close = open({
      onEnd: fail,
      onStatus: (observed) => {
        listenFor();
        if (!live) proven = setTimeout(() => (failuresInARow = 0), STREAM_PROVEN_MS);
        setLive(true);
        onStatus(observed);
      },
    });
  };

  const onVisibility = () => {
    clearTimeout(hiding);
    if (document.visibilityState === 'hidden') hiding = setTimeout(shut, STREAM_HIDDEN_MS_MAX);
    else connect();
  };

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', connect);
  window.addEventListener('offline', shut);
  connect();
  return () => {
    clearTimeout(hiding);
    shut();
    document.removeEventListener('visibilitychange', onVisibility);
    window.removeEventListener('online', connect);
    window.removeEventListener('offline', shut);
  };
}
