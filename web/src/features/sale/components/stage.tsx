import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

import type { Sale } from '../api/use-sale';
import { Countdown } from './countdown';
import { Picture } from './picture';
import styles from './stage.module.css';

/** The hero: the product on its stage, and below it the time that is left, or how it went. */
export function Stage({ sale, shop }: { sale: Sale; shop: Shop }) {
  const { messages, formats } = useWords();
  return (
    <section className={styles.stage} aria-label={messages.page.stage}>
      <div className={styles.edition}>
        {'status' in sale && (
          <>
            <span>
              {messages.stock.edition(formats.count(sale.status.stock + sale.status.sold))}
            </span>
            <span className={styles.number}>
              {messages.product.number} {sale.status.productId}
            </span>
          </>
        )}
      </div>
      <Picture shop={shop} over={sale.phase === 'sold_out' || sale.phase === 'ended'} />
      <div className={styles.foot}>
        <StageFoot sale={sale} />
      </div>
    </section>
  );
}

function StageFoot({ sale }: { sale: Sale }) {
  const { messages, formats } = useWords();
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
    case 'paused':
      return (
        <Verdict
          title={words.pausedTitle}
          body={words.pausedBody(formats.moment(sale.status.endsAt))}
        />
      );
    case 'sold_out':
      return (
        <Verdict
          title={words.soldOutTitle}
          body={words.soldOutBody(formats.count(sale.status.stock + sale.status.sold))}
        />
      );
    case 'ended':
      return (
        <Verdict
          title={words.endedTitle}
          body={words.endedBody(formats.moment(sale.status.endsAt))}
        />
      );
  }
}

/** Beyond this many characters a word is set smaller, so that it fits on its line. */
const SHORT_WORD_CHARS_MAX = 8;

function Verdict({ title, body }: { title: string; body: string }) {
  const long = title.length > SHORT_WORD_CHARS_MAX;
  return (
    <div className={styles.verdict}>
      <p className={styles.label}>{body}</p>
      <p className={long ? `${styles.word} ${styles.longWord}` : styles.word}>{title}</p>
    </div>
  );
}
