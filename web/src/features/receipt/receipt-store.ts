import * as v from 'valibot';

import { readStored, watchStored, writeStored } from '@/lib/storage';

const STORAGE_KEY = 'receipts';

/** Sales of which this browser keeps the receipt; the oldest gives way. */
export const RECEIPTS_MAX = 16;

const receiptSchema = v.object({
  saleKey: v.string(),
  userId: v.string(),
  orderId: v.string(),
  /** How this browser came to know of the order, which decides how the receipt greets. */
  learnedBy: v.picklist(['purchased', 'already_purchased', 'looked_up']),
  /** When the shop confirmed it to this page, by the shop's clock; unknown for an order found later. */
  confirmedAt: v.nullish(v.number(), null),
});
const receiptsSchema = v.array(receiptSchema);

export type Receipt = v.InferOutput<typeof receiptSchema>;

/**
 * The receipts kept in this browser, at most one for each sale: that of the last order learned, in
 * whichever tab.
 */
export interface ReceiptStore {
  of: (saleKey: string) => Receipt | null;
  keep: (receipt: Receipt) => void;
  /** Takes in what the shop's books say of a person: they win over what was kept. */
  learn: (saleKey: string, userId: string, orderId: string | null) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createReceiptStore(): ReceiptStore {
  const listeners = new Set<() => void>();
  let receipts = readReceipts();

  const show = (next: readonly Receipt[]) => {
    receipts = next;
    for (const listener of listeners) listener();
  };

  const replace = (next: readonly Receipt[]) => {
    writeStored(STORAGE_KEY, next);
    show(next);
  };

  watchStored(STORAGE_KEY, () => show(readReceipts()));

  const of = (saleKey: string) => receipts.find((kept) => kept.saleKey === saleKey) ?? null;

  const keep = (receipt: Receipt) => {
    const others = receipts.filter(({ saleKey }) => saleKey !== receipt.saleKey);
    const known = of(receipt.saleKey);
    // Whoever asks again gets the same order; the first confirmation stays the one that counts.
    const confirmedAt =
      known?.orderId === receipt.orderId
        ? (known.confirmedAt ?? receipt.confirmedAt)
        : receipt.confirmedAt;
    replace([{ ...receipt, confirmedAt }, ...others].slice(0, RECEIPTS_MAX));
  };

  return {
    of,
    keep,
    learn: (saleKey, userId, orderId) => {
      const kept = of(saleKey);
      if (kept === null) {
        if (orderId !== null) {
          keep({ saleKey, userId, orderId, learnedBy: 'looked_up', confirmedAt: null });
        }
      } else if (kept.userId === userId) {
        if (orderId === null) replace(receipts.filter((receipt) => receipt !== kept));
        else if (kept.orderId !== orderId) {
          keep({ ...kept, orderId, confirmedAt: null });
        }
      }
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function readReceipts(): readonly Receipt[] {
  return readStored(STORAGE_KEY, receiptsSchema) ?? [];
}
