import { useEffect, useRef } from 'react';

import { Button } from '@/components/button';
import { useWords } from '@/lib/words';

import type { Receipt } from '../receipt-store';
import { CopyButton } from './copy-button';
import { OrderNumber } from './order-number';
import styles from './receipt-card.module.css';

interface ReceiptCardProps {
  receipt: Receipt;
  /** `null` when the shop has set no name. */
  shopName: string | null;
  product: string;
  /** Set when the receipt answers a press: the focus moves here from the form that is gone. */
  takesFocus: boolean;
  /** Offered while the sale is open; a household may share one browser. */
  onOrderAnother: (() => void) | null;
}

const WORDS = {
  purchased: ['purchased', 'purchasedBody'],
  already_purchased: ['alreadyPurchased', 'alreadyPurchasedBody'],
  looked_up: ['lookedUp', 'lookedUpBody'],
} as const;

/** The proof of the order, in the shape of a ticket. Printed, it is alone on the paper. */
export function ReceiptCard(props: ReceiptCardProps) {
  const { receipt, shopName, product, takesFocus, onOrderAnother } = props;
  const { messages, formats } = useWords();
  const words = messages.receipt;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takesFocus) heading.current?.focus();
  }, [takesFocus]);

  const [title, body] = WORDS[receipt.learnedBy];
  return (
    <section className={styles.receipt} aria-labelledby="receipt-title" data-print="alone">
      <div className={styles.head}>
        <p className={styles.kicker}>{words.kicker}</p>
        <h2 ref={heading} id="receipt-title" className={styles.title} tabIndex={-1}>
          {words[title]}
        </h2>
        <p className={styles.body}>{words[body]}</p>
      </div>
      <dl className={styles.facts}>
        <div>
          <dt>{words.order}</dt>
          <dd>
            <OrderNumber orderId={receipt.orderId} />
          </dd>
        </div>
        <Fact name={words.product} value={product} />
        <Fact name={words.buyer} value={receipt.userId} />
        {receipt.confirmedAt !== null && (
          <Fact name={words.confirmed} value={formats.date(receipt.confirmedAt)} />
        )}
        {shopName !== null && <Fact name={words.shop} value={shopName} />}
      </dl>
      <div className={styles.actions}>
        <CopyButton text={receipt.orderId} />
        <Button onClick={() => window.print()}>{words.print}</Button>
        {onOrderAnother !== null && (
          <Button look="plain" onClick={onOrderAnother}>
            {words.another}
          </Button>
        )}
      </div>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={styles.fact}>{value}</dd>
    </div>
  );
}
