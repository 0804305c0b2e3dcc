import { useEffect, useState } from 'react';

export interface TickingClock {
  /** The time in milliseconds, or `null` while it is not known yet. */
  now: () => number | null;
  /** Tells when the clock was set; a clock that is never set may ignore its listeners. */
  subscribe: (listener: () => void) => () => void;
}

/**
 * The time of a clock, refreshed each time a whole number of seconds remains until the next target,
 * and at the target itself. A timer that fires a little early simply waits for the remaining
 * fraction, so a target is never taken as reached before it is.
 *
 * `nextTarget` tells what to wait for at a time, or `null` for nothing; it must be stable.
 */
export function useNowUntil(
  clock: TickingClock,
  nextTarget: (nowMs: number) => number | null,
): number | null {
  const [now, setNow] = useState(clock.now);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tick = () => {
      clearTimeout(timer);
      const current = clock.now();
      setNow(current);
      if (current === null) return;
      const target = nextTarget(current);
      if (target === null || current >= target) return;
      timer = setTimeout(tick, Math.ceil((target - current) % 1000 || 1000));
    };
    const unsubscribe = clock.subscribe(tick);
    tick();
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [clock, nextTarget]);

  return now;
}
