import productPicture from '@/assets/product.svg';
import { formatCount, formatMoment } from '@/lib/format';
import { messages } from '@/lib/messages';

import type { Sale } from '../api/use-sale';
import { Countdown } from './countdown';
import styles from './stage.module.css';

/** The hero: the product on its stage, and below it the time that is left, or how it went. */
export function Stage({ sale }: { sale: Sale }) {
  const over = sale.phase === 'sold_out' || sale.phase === 'ended';
  return (
    <section className={styles.stage} aria-label={messages.page.stage}>
      <div className={styles.edition}>
        {'status' in sale && (
          <>
            <span>{messages.stock.edition(formatCount(sale.status.stock + sale.status.sold))}</span>
            <span className={styles.number}>
              {messages.product.number} {sale.status.productId}
            </span>
          </>
        )}
      </div>
      <img
        className={over ? `${styles.picture} ${styles.over}` : styles.picture}
        src={productPicture}
        alt={messages.page.productPicture}
        width={760}
        height={540}
      />
      <div className={styles.foot}>
        <StageFoot sale={sale} />
      </div>
    </section>
  );
}

function StageFoot({ sale }: { sale: Sale }) {
  const words = messages.countdown;
  switch (sale.phase) {
    case 'loading':
      return <Countdown label={words.loading} remainingMs={null} />;
    case 'unreachable':
      return <Verdict title={words.unreachableTitle} body={words.unreachableBody} />;
    case 'upcoming':
      return <Countdown label={words.toStart} remainingMs={sale.remainingMs} urgent />;
    case 'active':
      return <Countdown label={words.toEnd} remainingMs={sale.remainingMs} />;
    case 'sold_out':
      return (
        <Verdict
          title={words.soldOutTitle}
          body={words.soldOutBody(formatCount(sale.status.stock + sale.status.sold))}
        />
      );
    case 'ended':
      return (
        <Verdict
          title={words.endedTitle}
          body={words.endedBody(formatMoment(sale.status.endsAt))}
        />
      );
  }
}

function Verdict({ title, body }: { title: string; body: string }) {
  return (
    <div className={styles.verdict}>
      <p className={styles.label}>{body}</p>
      <p className={styles.word}>{title}</p>
    </div>
  );
}
