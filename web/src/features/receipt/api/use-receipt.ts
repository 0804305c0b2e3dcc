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
 * Where a person is told of one's own order alone, `ownUserId` says whose that is, `null` while nobody is
 * known; a receipt of somebody else is then neither checked nor shown. There the books refute nothing either:
 * somebody else may have signed in by now, and that one is not told of the order.
 *
 * The sale must stay the same for as long as the component lives.
 */
export function useReceipt(
  store: ReceiptStore,
  saleKey: string,
  ownUserId?: string | null,
): KeptReceipt {
  const receipt = useSyncExternalStore(store.subscribe, () => store.of(saleKey));
  const [keptUserId] = useState(() => receipt?.userId ?? null);
  const [refutedUserId, setRefutedUserId] = useState<string | null>(null);

  const tellsAll = ownUserId === undefined;
  const mayCheck = tellsAll || ownUserId === keptUserId;
  useEffect(() => {
    if (keptUserId === null || !mayCheck) return;
    const gone = new AbortController();
    const check = async () => {
      const { purchased, orderId } = await getOrderOf(keptUserId, gone.signal);
      if (!purchased && !tellsAll) return;
      store.learn(saleKey, keptUserId, orderId);
      if (!purchased) setRefutedUserId(keptUserId);
    };
    check().catch((error: unknown) => {
      if (!(error instanceof ApiError)) console.error(error);
    });
    return () => gone.abort();
  }, [keptUserId, mayCheck, saleKey, store, tellsAll]);

  return {
    receipt: tellsAll || receipt?.userId === ownUserId ? receipt : null,
    refutedUserId,
  };
}
