export interface Situation {
  failuresInARow: number;
  hidden: boolean;
}

export interface Poller {
  /** Polls with a request that is sent after this call, and resolves when it is answered. */
  pollNow: () => Promise<void>;
  stop: () => void;
}

/**
 * Polls until stopped: one request at a time, each followed by a wait, and at once when the page is
 * seen again or the network is back.
 */
export function startPoller(
  poll: () => Promise<boolean>,
  delayMs: (situation: Situation) => number,
): Poller {
  let failuresInARow = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: Promise<void> | null = null;
  let stopped = false;

  const wait = () => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(kick, delayMs({ failuresInARow, hidden: isHidden() }));
  };

  const once = async () => {
    clearTimeout(timer);
    const succeeded = await poll().catch(() => false);
    failuresInARow = succeeded ? 0 : failuresInARow + 1;
    current = null;
    wait();
  };

  const kick = () => {
    if (!stopped) current ??= once();
  };

  const pollNow = async () => {
    // The request under way may have been sent before what the caller wants to see.
    await current;
    kick();
    await current;
  };

  const onVisibility = () => {
    if (!isHidden()) kick();
    else if (current === null) wait();
  };

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', kick);
  kick();
  return {
    pollNow,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', kick);
    },
  };
}

function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}
