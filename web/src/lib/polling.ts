export interface Situation {
  failuresInARow: number;
  hidden: boolean;
}

export interface Polling {
  /** Polls now instead of at the next turn; while a poll is under way that one counts. */
  pollNow: () => void;
  /** Polls with a request that is sent after this call, and resolves when it is answered. */
  pollAfresh: () => Promise<void>;
  /** No more polls for the time being: the news comes by another way. */
  rest: () => void;
  /** Goes on after a rest, with a first poll after this wait. */
  resume: (delayMs: number) => void;
  stop: () => void;
}

/**
 * Polls until stopped: one request at a time, each followed by a wait, and at once when the page is
 * seen again or the network is back.
 */
export function startPolling(
  poll: () => Promise<boolean>,
  delayMs: (situation: Situation) => number,
): Polling {
  let failuresInARow = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: Promise<void> | null = null;
  let resting = false;
  let stopped = false;

  const waitFor = (ms: number) => {
    clearTimeout(timer);
    if (!stopped && !resting) timer = setTimeout(pollNow, ms);
  };

  const wait = () => waitFor(delayMs({ failuresInARow, hidden: isHidden() }));

  const once = async () => {
    clearTimeout(timer);
    const succeeded = await poll().catch(() => false);
    failuresInARow = succeeded ? 0 : failuresInARow + 1;
    current = null;
    wait();
  };

  const pollNow = () => {
    if (!stopped && !resting) current ??= once();
  };

  const onVisibility = () => {
    if (!isHidden()) pollNow();
    else if (current === null) wait();
  };

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', pollNow);
  pollNow();
  return {
    pollNow,
    pollAfresh: async () => {
      // The request under way may have been sent before what the caller wants to see.
      await current;
      pollNow();
      await current;
    },
    rest: () => {
      resting = true;
      failuresInARow = 0;
      clearTimeout(timer);
    },
    resume: (ms) => {
      if (!resting) return;
      resting = false;
      if (current === null) waitFor(ms);
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', pollNow);
    },
  };
}

function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}
