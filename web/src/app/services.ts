import { createIntentionStore } from '@/features/purchase/intention-store';
import { createPurchaseFlow, type PurchaseFlow } from '@/features/purchase/purchase-flow';
import { createReceiptStore, type ReceiptStore } from '@/features/receipt/receipt-store';
import { createServerClock, type ServerClock } from '@/features/sale/server-clock';
import { getCsrfToken, postPurchase } from '@/lib/api/client';
import { createCsrfTokens, type CsrfTokens } from '@/lib/api/csrf-tokens';

/** The long-lived parts of the page, each with a state of its own, wired together once. */
export interface Services {
  clock: ServerClock;
  csrfTokens: CsrfTokens;
  flow: PurchaseFlow;
  receipts: ReceiptStore;
}

export function createServices(): Services {
  const csrfTokens = createCsrfTokens(getCsrfToken);
  const receipts = createReceiptStore();
  const flow = createPurchaseFlow({
    csrfTokens,
    intentions: createIntentionStore(),
    post: postPurchase,
    onOrder: ({ saleKey, userId }, { kind, orderId }) =>
      receipts.keep({ saleKey, userId, orderId, learnedBy: kind }),
  });
  return { clock: createServerClock(() => performance.now()), csrfTokens, flow, receipts };
}
