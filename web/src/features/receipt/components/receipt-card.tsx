import { useEffect, useRef } from 'react';

import { Button } from '@/components/button';
import { messages } from '@/lib/messages';

import type { Receipt } from '../receipt-store';
import { CopyButton } from './copy-button';
import { OrderNumber } from './order-number';
import styles from './receipt-card.module.css';

interface ReceiptCardProps {
  receipt: Receipt;
  product: string;
  /** Set when the receipt answers a press: the focus moves here from the form that is gone. */
  takesFocus: boolean;
  /** Offered while the sale is open; a household may share one browser. */
  onOrderAnother: (() => void) | null;
}

const WORDS = {
  purchased: { title: messages.receipt.purchased, body: messages.receipt.purchasedBody },
  already_purchased: {
    title: messages.receipt.alreadyPurchased,
    body: messages.receipt.alreadyPurchasedBody,
  },
  looked_up: { title: messages.receipt.lookedUp, body: messages.receipt.lookedUpBody },
};

/** The proof of the order, in the shape of a ticket. */
export function ReceiptCard({ receipt, product, takesFocus, onOrderAnother }: ReceiptCardProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takesFocus) heading.current?.focus();
  }, [takesFocus]);

  const words = WORDS[receipt.learnedBy];
  return (
    <section className={styles.receipt} aria-labelledby="receipt-title">
      <div className={styles.head}>
        <p className={styles.kicker}>{messages.receipt.kicker}</p>
        <h2 ref={heading} id="receipt-title" className={styles.title} tabIndex={-1}>
          {words.title}
        </h2>
        <p className={styles.body}>{words.body}</p>
      </div>
      <dl className={styles.facts}>
        <div>
          <dt>{messages.receipt.order}</dt>
          <dd>
            <OrderNumber orderId={receipt.orderId} />
          </dd>
        </div>
        <div>
          <dt>{messages.receipt.buyer}</dt>
          <dd className={styles.fact}>{receipt.userId}</dd>
        </div>
        <div>
          <dt>{messages.receipt.product}</dt>
          <dd className={styles.fact}>{product}</dd>
        </div>
      </dl>
      <div className={styles.actions}>
        <CopyButton text={receipt.orderId} />
        {onOrderAnother !== null && (
          <Button look="plain" onClick={onOrderAnother}>
            {messages.receipt.another}
          </Button>
        )}
      </div>
    </section>
  );
}
