import { formatMoment } from '@/lib/format';
import { messages } from '@/lib/messages';

import type { Sale } from '../api/use-sale';
import styles from './product-heading.module.css';

/** Beyond this many characters a description is a sentence and is set smaller. */
const SHORT_TITLE_CHARS_MAX = 48;

/** What is sold, and when. */
export function ProductHeading({ sale }: { sale: Sale }) {
  if (!('status' in sale)) {
    return (
      <div className={styles.heading}>
        <h1 className={styles.title}>{messages.page.fallbackTitle}</h1>
      </div>
    );
  }
  const { status, phase } = sale;
  const title = status.productDescription.trim() || status.productId;
  const long = title.length > SHORT_TITLE_CHARS_MAX;
  return (
    <div className={styles.heading}>
      <h1 className={long ? `${styles.title} ${styles.long}` : styles.title}>{title}</h1>
      <p className={styles.moment}>{momentWords(phase, status)}</p>
    </div>
  );
}

function momentWords(
  phase: Extract<Sale, { status: unknown }>['phase'],
  { startsAt, endsAt }: { startsAt: number; endsAt: number },
): string {
  switch (phase) {
    case 'upcoming':
      return messages.product.opens(formatMoment(startsAt));
    case 'active':
      return messages.product.closes(formatMoment(endsAt));
    case 'sold_out':
      return messages.product.opened(formatMoment(startsAt));
    case 'ended':
      return messages.product.closed(formatMoment(endsAt));
  }
}
