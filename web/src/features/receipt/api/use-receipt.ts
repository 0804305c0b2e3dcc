import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';

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
  const [userId] = useState(() => receipt?.userId ?? null);

  const { data: books } = useQuery({
    queryKey: ['kept-receipt', saleKey, userId],
    queryFn: ({ signal }) => getOrderOf(userId ?? '', signal),
    enabled: userId !== null,
    staleTime: Infinity,
    retry: false,
    networkMode: 'always',
    refetchOnWindowFocus: false,
  });

  useEffect(() => {
    if (books !== undefined && userId !== null) store.learn(saleKey, userId, books.orderId);
  }, [books, saleKey, store, userId]);

  return { receipt, refutedUserId: books?.purchased === false ? userId : null };
}
