import { useEffect, useState, useSyncExternalStore } from 'react';

import { ApiError } from '@/lib/api/answers';
import { getOrderOf } from '@/lib/api/client';

import type { Receipt, ReceiptStore } from '../receipt-store';

export interface KeptReceipt {
  receipt: Receipt | null;
  /** The person whose kept receipt the shop's books did not bear out. */
  refutedUserId: string | null;
}

/**
 * The receipt of a sale. One that this browser kept from an earlier visit is checked against the
 * shop's books once, and the books win; a look-up that fails proves nothing and changes nothing.
 *
 * The sale must stay the same for as long as the component lives.
 */
export function useReceipt(store: ReceiptStore, saleKey: string): KeptReceipt {
  const receipt = useSyncExternalStore(store.subscribe, () => store.of(saleKey));
  const [keptUserId] = useState(() => receipt?.userId ?? null);
  const [refutedUserId, setRefutedUserId] = useState<string | null>(null);

  useEffect(() => {
    if (keptUserId === null) return;
    const gone = new AbortController();
    const check = async () => {
      const { purchased, orderId } = await getOrderOf(keptUserId, gone.signal);
      store.learn(saleKey, keptUserId, orderId);
      if (!purchased) setRefutedUserId(keptUserId);
    };
    check().catch((error: unknown) => {
      if (!(error instanceof ApiError)) console.error(error);
    });
    return () => gone.abort();
  }, [keptUserId, saleKey, store]);

  return { receipt, refutedUserId };
}
