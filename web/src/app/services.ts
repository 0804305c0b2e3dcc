import { type BrowserCheck, createBrowserCheck } from '@/features/check/browser-check';
import { createSignedIn, type SignedIn } from '@/features/identity/signed-in';
import { createIntentionStore } from '@/features/purchase/intention-store';
import { createPurchaseFlow, type PurchaseFlow } from '@/features/purchase/purchase-flow';
import { createReceiptStore, type ReceiptStore } from '@/features/receipt/receipt-store';
import { createSaleFeed, type SaleFeed } from '@/features/sale/sale-feed';
import { createServerClock, type ServerClock } from '@/features/sale/server-clock';
import type { PurchaseAnswer } from '@/lib/api/answers';
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
  check: BrowserCheck;
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
  /** Any answer may tell of who is signed in, or is no more. */
  const heard = (answer: PurchaseAnswer) => {
    signedIn.heard(answer);
    if (answer.kind !== 'other_user') return;
    csrfTokens.forget();
    csrfTokens.get().catch(() => {});
  };
  const check = createBrowserCheck({ csrfTokens, now: clock.now, onFailure: heard });
  const flow = createPurchaseFlow({
    csrfTokens,
    intentions: createIntentionStore(),
    connection,
    pass: check.pass,
    post: postPurchase,
    onOrder: ({ saleKey, userId }, { kind, orderId }) => {
      const confirmedAt = kind === 'purchased' ? clock.now() : null;
      receipts.keep({ saleKey, userId, orderId, learnedBy: kind, confirmedAt });
    },
    onAnswer: heard,
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
  return { shop, clock, connection, feed, csrfTokens, signedIn, check, flow, receipts };
}
