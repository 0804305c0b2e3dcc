import { useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { Notice } from '@/components/notice';
import { useCheck } from '@/features/check/api/use-check';
import { CheckLine } from '@/features/check/components/check-line';
import { useSignedIn } from '@/features/identity/api/use-signed-in';
import { wordsFor } from '@/features/purchase/answer-words';
import { PurchaseForm } from '@/features/purchase/components/purchase-form';
import { awaitsSignIn, isGoingOn } from '@/features/purchase/purchase-machine';
import { useReceipt } from '@/features/receipt/api/use-receipt';
import { LookUp } from '@/features/receipt/components/look-up';
import { OwnLookUp } from '@/features/receipt/components/own-look-up';
import { ReceiptCard } from '@/features/receipt/components/receipt-card';
import { productWords } from '@/features/sale/product-words';
import { type SalePhase, saleKeyOf } from '@/features/sale/sale-phase';
import type { SaleStatus } from '@/lib/api/schemas';
import { checkBuyerId, trimBuyerId } from '@/lib/buyer/buyer-id';
import { useBuyerId } from '@/lib/buyer/use-buyer-id';
import { useKeptFocus } from '@/lib/use-kept-focus';
import { useWords } from '@/lib/words';

import styles from './order-panel.module.css';
import type { Services } from './services';
import { SignedInForm } from './signed-in-form';

interface OrderPanelProps {
  services: Services;
  phase: SalePhase;
  status: SaleStatus;
  /** There is no news at present. */
  stale: boolean;
}

/** The buyer's side of one sale: the order form, or the receipt, or why there is neither. */
export function OrderPanel({ services, phase, status, stale }: OrderPanelProps) {
  const { check, csrfTokens, feed, flow, receipts, shop, signedIn } = services;
  const { messages } = useWords();
  const words = messages.form;
  const saleKey = saleKeyOf(status);
  const byToken = status.identity === 'token';
  const person = useSignedIn(signedIn, csrfTokens, byToken);
  const ownUserId = person.kind === 'in' ? person.userId : null;
  const [typed, setTyped] = useBuyerId();
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const { receipt, refutedUserId } = useReceipt(receipts, saleKey, byToken ? ownUserId : undefined);
  const [putAsideOrder, setPutAsideOrder] = useState<string | null>(null);
  const panel = useRef<HTMLDivElement>(null);
  useKeptFocus(panel);

  const [typedAtFirst] = useState(typed);
  const buyer = byToken ? ownUserId : trimBuyerId(typedAtFirst);
  useEffect(() => {
    if (buyer === null) return;
    if (byToken) flow.leave(buyer);
    if (receipts.of(saleKey)?.userId === buyer) flow.orderKnown(saleKey, buyer);
    else flow.restore(saleKey, buyer);
  }, [buyer, byToken, flow, receipts, saleKey]);

  const canStillSell = phase === 'upcoming' || phase === 'active' || phase === 'paused';
  useEffect(() => {
    // Fetched ahead of the press; should it fail, the press asks again and says so.
    if (canStillSell) csrfTokens.get().catch(() => {});
  }, [canStillSell, csrfTokens]);

  const answer = state.step === 'answered' ? state.answer : null;
  useEffect(() => {
    // The answer may have changed what is left: do not let the figure contradict it.
    if (answer !== null) feed.refresh();
  }, [answer, feed]);

  useEffect(() => {
    // "Not now" is no longer true, and the button says "Buy now" again.
    if (phase === 'active' && answer?.kind === 'not_active') flow.dismiss();
    // Only a change of the phase takes the answer away: the page may have been wrong all along.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [phase]);

  const buyingForAnother =
    (isGoingOn(state) || state.step === 'stopped') && state.intention.userId !== receipt?.userId;
  const isOrder = answer?.kind === 'purchased' || answer?.kind === 'already_purchased';
  const isPutAside = receipt?.orderId === putAsideOrder && !isOrder;
  const shownReceipt = isPutAside || buyingForAnother ? null : receipt;
  const mayStillAsk = wordsFor(state, messages) !== null || isGoingOn(state) || awaitsSignIn(state);
  const takesOrders = canStillSell || mayStillAsk;
  const typedId = checkBuyerId(typed);
  const namedId = typedId.ok ? typedId.userId : null;
  const nextId = byToken ? ownUserId : namedId;
  const isAboutToBuy = canStillSell && shownReceipt === null;
  // A purchase that goes on may still need a pass, also when no new ones are taken.
  const checkedId = isGoingOn(state) ? state.intention.userId : isAboutToBuy ? nextId : null;
  const leaveField = useCheck(check, checkedId, !byToken);
  const paused = canStillSell && status.paused;
  const trouble =
    (stale && canStillSell && !isGoingOn(state) && messages.unreachable) ||
    (paused && messages.paused) ||
    (phase === 'active' && !status.ready && messages.notReady);
  const checking = useSyncExternalStore(check.subscribe, check.state).step === 'checking';
  const learn = (userId: string, orderId: string | null) => {
    // With tokens "none" proves nothing: it is also what somebody else is told who has signed in by now.
    if (orderId !== null || !byToken) receipts.learn(saleKey, userId, orderId);
  };
  const ofForm = {
    flow,
    saleKey,
    open: phase === 'active',
    hint: paused
      ? words.goesOnByItself
      : phase === 'upcoming'
        ? words.opensByItself
        : words.firstCome,
    check: <CheckLine check={check} />,
    checking,
  };

  return (
    <div ref={panel} className={styles.panel} tabIndex={-1}>
      {refutedUserId !== null && receipt === null && (
        <Notice
          tone="refused"
          title={messages.receipt.goneTitle}
          body={messages.receipt.goneBody(refutedUserId)}
        />
      )}
      {shownReceipt !== null && (
        <ReceiptCard
          receipt={shownReceipt}
          shopName={shop.shopName}
          product={productWords(status, shop).title}
          takesFocus={answer !== null}
          onOrderAnother={
            phase === 'active' && !byToken
              ? () => {
                  setPutAsideOrder(shownReceipt.orderId);
                  setTyped('');
                  flow.dismiss();
                }
              : null
          }
        />
      )}
      {shownReceipt === null && takesOrders && byToken && (
        <SignedInForm {...ofForm} shop={shop} person={person} />
      )}
      {shownReceipt === null && takesOrders && !byToken && (
        <PurchaseForm
          {...ofForm}
          typed={typed}
          onType={setTyped}
          onLeave={leaveField}
          takesFocus={putAsideOrder !== null}
        />
      )}
      {/* Below the button, which must not move when this comes and goes. */}
      {shownReceipt === null && trouble && <Notice tone="trouble" {...trouble} />}
      {shownReceipt === null && !takesOrders && (
        <Notice tone="refused" {...messages.closed[phase === 'sold_out' ? phase : 'ended']} />
      )}
      {byToken ? (
        <OwnLookUp
          shop={shop}
          userId={ownUserId}
          signedOut={person.kind === 'out'}
          onAnswer={learn}
          onFailure={signedIn.heard}
        />
      ) : (
        <LookUp initialUserId={typed} onAnswer={learn} />
      )}
    </div>
  );
}
