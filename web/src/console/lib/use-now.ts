import { useEffect, useState } from 'react';

/** Often enough that a display of seconds leaves none out. */
const TICK_MS = 250;

export interface Now {
  /** The browser's wall clock, which may be wrong and may be set. */
  wallMs: number;
  /** Counts on whatever is set. */
  monotonicMs: number;
}

const read = (): Now => ({ wallMs: Date.now(), monotonicMs: performance.now() });

/** The time as it passes. */
export function useNow(): Now {
  const [now, setNow] = useState(read);
  useEffect(() => {
    const timer = setInterval(() => setNow(read()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
