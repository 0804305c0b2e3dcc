import { pollDelayMs } from './poll-schedule';

export interface Polling {
  /** Polls now instead of at the next turn; while a poll is under way that one counts. */
  pollNow: () => void;
  stop: () => void;
}

/** Polls until stopped: one request at a time, each followed by a wait, at once on coming back. */
export function startPolling(poll: () => Promise<boolean>, random = Math.random): Polling {
  let failuresInARow = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polling = false;
  let stopped = false;

  const wait = () => {
    clearTimeout(timer);
    if (stopped) return;
    const hidden = document.visibilityState === 'hidden';
    timer = setTimeout(pollNow, pollDelayMs({ failuresInARow, hidden }, random()));
  };

  const pollNow = () => {
    if (!polling && !stopped) void pollOnce();
  };

  const pollOnce = async () => {
    polling = true;
    clearTimeout(timer);
    const succeeded = await poll().catch(() => false);
    polling = false;
    failuresInARow = succeeded ? 0 : failuresInARow + 1;
    wait();
  };

  const onVisibility = () => {
    if (document.visibilityState === 'hidden') {
      if (!polling) wait();
    } else {
      pollNow();
    }
  };

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', pollNow);
  pollNow();
  return {
    pollNow,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', pollNow);
    },
  };
}
