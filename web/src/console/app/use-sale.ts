import { useEffect, useState } from 'react';

import type { AdminClient } from '@/console/lib/api/client';
import type { Sale } from '@/console/lib/api/schemas';

const RETRY_MS = 3_000;

/**
 * What was set before the start, asked for until it comes. `occasion` changes whenever the node may
 * be another one: after a sign-in, and after a time without contact. Until the answer to that is
 * here, the last one stays.
 */
export function useSale(client: Pick<AdminClient, 'getSale'>, occasion: string): Sale | null {
  const [known, setKnown] = useState<{ sale: Sale; occasion: string } | null>(null);

  useEffect(() => {
    const outdated = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      const answer = await client.getSale(outdated.signal);
      if (outdated.signal.aborted) return;
      if (answer.kind === 'ok') setKnown({ sale: answer.value, occasion });
      else if (answer.kind !== 'unauthorized') timer = setTimeout(() => void load(), RETRY_MS);
    };
    void load();
    return () => {
      outdated.abort();
      clearTimeout(timer);
    };
  }, [client, occasion]);

  return known?.sale ?? null;
}
