import { useEffect, useSyncExternalStore } from 'react';

import type { CsrfTokens } from '@/lib/api/csrf-tokens';

import type { Person, SignedIn } from '../signed-in';

/** Without an answer, who is signed in is asked again after this long and a random part of it more. */
const ASK_AGAIN_MS = 4_000;

/**
 * Who is signed in, where the shop's tokens say who buys (`asks`). Asked at the beginning, until there is an
 * answer, and whenever the visitor comes back to this page: from signing in, perhaps, in another tab, or by the
 * browser's way back.
 */
export function useSignedIn(signedIn: SignedIn, csrfTokens: CsrfTokens, asks: boolean): Person {
  const person = useSyncExternalStore(signedIn.subscribe, signedIn.person);

  useEffect(() => {
    if (!asks) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      clearTimeout(timer);
      // The token is for one person alone, so the one and the other are asked for together.
      csrfTokens.forget();
      csrfTokens.get().catch(() => {
        if (signedIn.person().kind !== 'unknown') return;
        timer = setTimeout(ask, ASK_AGAIN_MS * (1 + Math.random()));
      });
    };
    const onReturn = () => {
      if (document.visibilityState === 'visible') ask();
    };
    ask();
    document.addEventListener('visibilitychange', onReturn);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onReturn);
    };
  }, [asks, csrfTokens, signedIn]);

  return person;
}
