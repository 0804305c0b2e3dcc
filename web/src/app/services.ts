import { createSignedIn, type SignedIn } from '@/features/identity/signed-in';
import { createIntentionStore } from '@/features/purchase/intention-store';
import { createPurchaseFlow, type PurchaseFlow } from '@/features/purchase/purchase-flow';
import { createReceiptStore, type ReceiptStore } from '@/features/receipt/receipt-store';
import { createSaleFeed, type SaleFeed } from '@/features/sale/sale-feed';
import { createServerClock, type ServerClock } from '@/features/sale/server-clock';
import { getCsrfToken, postPurchase } from '@/lib/api/client';
import { createCsrfTokens, type CsrfTokens } from '@/lib/api/csrf-tokens';
import { browserConnection, type Connection } from '@/lib/connection';
import { readShop, type Shop } from '@/lib/shop';

/** The long-lived parts of the page, each with a state of its own, wired together once. */
export interface Services {
  shop: Shop;
  clock: ServerClock;
  connection: Connection;
  feed: SaleFeed;
  csrfTokens: CsrfTokens;
  signedIn: SignedIn;
  flow: PurchaseFlow;
  receipts: ReceiptStore;
}

export function createServices(): Services {
  const clock = createServerClock(() => performance.now());
  const connection = browserConnection;
  const feed = createSaleFeed(clock);
  const signedIn = createSignedIn(getCsrfToken);
  const csrfTokens = createCsrfTokens(signedIn.ask);
  const receipts = createReceiptStore();
  const flow = createPurchaseFlow({
    csrfTokens,
    intentions: createIntentionStore(),
    connection,
    post: postPurchase,
    onOrder: ({ saleKey, userId }, { kind, orderId }) => {
      const confirmedAt = kind === 'purchased' ? clock.now() : null;
      receipts.keep({ saleKey, userId, orderId, learnedBy: kind, confirmedAt });
    },
    onAnswer: (answer) => {
      signedIn.heard(answer);
      if (answer.kind !== 'other_user') return;
      csrfTokens.forget();
      csrfTokens.get().catch(() => {});
    },
    msToStart: () => {
      const startsAt = feed.news().status?.startsAt;
      const now = clock.now();
      return startsAt === undefined || now === null ? null : startsAt - now;
    },
  });
  // Another tab, or a look-up, may learn of the order that this page still asks for.
  receipts.subscribe(() => {
    const state = flow.state();
    if (state.step === 'idle') return;
    const { saleKey, userId } = state.intention;
    if (receipts.of(saleKey)?.userId === userId) flow.orderKnown(saleKey, userId);
  });
  const shop = readShop(document);
  return { shop, clock, connection, feed, csrfTokens, signedIn, flow, receipts };
}
