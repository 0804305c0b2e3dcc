import { useCallback, useEffect } from 'react';

import type { BrowserCheck } from '../browser-check';

/** Who types makes pauses; one as long as this is taken for the end. */
const TYPING_PAUSE_MS = 700;

/**
 * Has the check made for whoever is going to buy, `null` while nobody is. Where the name is `typed`, it is made
 * after a pause, or when the function that is returned is called: the field was left.
 */
export function useCheck(check: BrowserCheck, userId: string | null, typed: boolean): () => void {
  useEffect(() => {
    if (!typed) {
      check.want(userId);
      return;
    }
    check.leave(userId);
    const timer = setTimeout(() => check.want(userId), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [check, typed, userId]);
  useEffect(() => () => check.want(null), [check]);
  return useCallback(() => check.want(userId), [check, userId]);
}
