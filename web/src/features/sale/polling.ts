import { firstPollDelayMs, pollDelayMs } from './poll-schedule';

export interface Polling {
  /** Polls now instead of at the next turn; while a poll is under way that one counts. */
  pollNow: () => void;
  /** No more polls for the time being: the news comes by another way. */
  rest: () => void;
  /** Goes on after a rest, soon but not at once. */
  resume: () => void;
  stop: () => void;
}

/** Polls until stopped: one request at a time, each followed by a wait, at once on coming back. */
export function startPolling(poll: () => Promise<boolean>, random = Math.random): Polling {
  let failuresInARow = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polling = false;
  let resting = false;
  let stopped = false;

  const waitFor = (delayMs: number) => {
    clearTimeout(timer);
    if (!stopped && !resting) timer = setTimeout(pollNow, delayMs);
  };

  const wait = () => {
    const hidden = document.visibilityState === 'hidden';
    waitFor(pollDelayMs({ failuresInARow, hidden }, random()));
  };

  const pollNow = () => {
    if (!polling && !stopped && !resting) void pollOnce();
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
    rest: () => {
      resting = true;
      failuresInARow = 0;
      clearTimeout(timer);
    },
    resume: () => {
      if (!resting) return;
      resting = false;
      if (!polling) waitFor(firstPollDelayMs(random()));
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', pollNow);
    },
  };
}
