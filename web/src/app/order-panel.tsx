import { useEffect, useState, useSyncExternalStore } from 'react';

import { Notice } from '@/components/notice';
import { wordsFor } from '@/features/purchase/answer-words';
import { PurchaseForm } from '@/features/purchase/components/purchase-form';
import { useReceipt } from '@/features/receipt/api/use-receipt';
import { LookUp } from '@/features/receipt/components/look-up';
import { ReceiptCard } from '@/features/receipt/components/receipt-card';
import type { Receipt } from '@/features/receipt/receipt-store';
import { type SalePhase, saleKeyOf } from '@/features/sale/sale-phase';
import type { SaleStatus } from '@/lib/api/schemas';
import { trimBuyerId } from '@/lib/buyer/buyer-id';
import { useBuyerId } from '@/lib/buyer/use-buyer-id';
import { messages } from '@/lib/messages';

import styles from './order-panel.module.css';
import type { Services } from './services';

interface OrderPanelProps {
  services: Services;
  phase: SalePhase;
  status: SaleStatus;
  pollNow: () => void;
}

/** The buyer's side of one sale: the order form, or the receipt, or why there is neither. */
export function OrderPanel({ services, phase, status, pollNow }: OrderPanelProps) {
  const { csrfTokens, flow, receipts } = services;
  const saleKey = saleKeyOf(status);
  const [typed, setTyped] = useBuyerId();
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const { receipt, refutedUserId } = useReceipt(receipts, saleKey);
  const [putAside, setPutAside] = useState<Receipt | null>(null);

  const [typedAtFirst] = useState(typed);
  useEffect(() => {
    flow.restore(saleKey, trimBuyerId(typedAtFirst));
  }, [flow, saleKey, typedAtFirst]);

  const canStillSell = phase === 'upcoming' || phase === 'active';
  useEffect(() => {
    // Fetched ahead of the press; should it fail, the press asks again and says so.
    if (canStillSell) csrfTokens.get().catch(() => {});
  }, [canStillSell, csrfTokens]);

  const answered = state.step === 'answered';
  useEffect(() => {
    // The answer may have changed what is left: do not let the figure contradict it.
    if (answered) pollNow();
  }, [answered, pollNow]);

  const shownReceipt = receipt === putAside ? null : receipt;
  const mayStillAsk =
    wordsFor(state) !== null || state.step === 'token' || state.step === 'sending';
  return (
    <div className={styles.panel}>
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
          product={status.productDescription}
          takesFocus={answered}
          onOrderAnother={
            phase === 'active'
              ? () => {
                  setPutAside(shownReceipt);
                  setTyped('');
                  flow.dismiss();
                }
              : null
          }
        />
      )}
      {shownReceipt === null &&
        (canStillSell || mayStillAsk ? (
          <PurchaseForm
            flow={flow}
            saleKey={saleKey}
            open={phase === 'active'}
            hint={phase === 'upcoming' ? messages.form.opensByItself : messages.form.firstCome}
            typed={typed}
            onType={setTyped}
          />
        ) : (
          <Closed phase={phase} />
        ))}
      <LookUp
        initialUserId={typed}
        onAnswer={(userId, orderId) => receipts.learn(saleKey, userId, orderId)}
      />
    </div>
  );
}

function Closed({ phase }: { phase: SalePhase }) {
  const words = messages.closed;
  return phase === 'sold_out' ? (
    <Notice tone="refused" title={words.soldOutTitle} body={words.soldOutBody} />
  ) : (
    <Notice tone="refused" title={words.endedTitle} body={words.endedBody} />
  );
}
