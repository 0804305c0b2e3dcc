import { useCallback, useState } from 'react';
import * as v from 'valibot';

import { readStored, writeStored } from '@/lib/storage';

const STORAGE_KEY = 'buyer';
const buyerSchema = v.object({ userId: v.string() });

/** Who is buying: what the visitor typed, found again after a reload. */
export function useBuyerId(): [typed: string, setTyped: (typed: string) => void] {
  const [typed, setTyped] = useState(() => readStored(STORAGE_KEY, buyerSchema)?.userId ?? '');
  const remember = useCallback((next: string) => {
    setTyped(next);
    writeStored(STORAGE_KEY, { userId: next });
  }, []);
  return [typed, remember];
}
