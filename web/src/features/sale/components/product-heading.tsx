import type { Formats } from '@/lib/format';
import type { Messages } from '@/lib/messages/en';
import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

import type { Sale } from '../api/use-sale';
import { productWords } from '../product-words';
import type { SalePhase } from '../sale-phase';
import styles from './product-heading.module.css';

/** Beyond this many characters a title is a sentence and is set smaller. */
const SHORT_TITLE_CHARS_MAX = 48;

/** What is sold, and when. */
export function ProductHeading({ sale, shop }: { sale: Sale; shop: Shop }) {
  const { messages, formats } = useWords();
  const known = 'status' in sale;
  const product = known ? productWords(sale.status, shop) : null;
  const title = product?.title ?? shop.productName ?? messages.page.fallbackTitle;
  const long = title.length > SHORT_TITLE_CHARS_MAX;
  return (
    <div className={styles.heading}>
      <h1 className={long ? `${styles.title} ${styles.long}` : styles.title}>{title}</h1>
      {product !== null && product.text !== null && <p className={styles.text}>{product.text}</p>}
      {known && (
        <p className={styles.moment}>{momentWords(sale.phase, sale.status, messages, formats)}</p>
      )}
    </div>
  );
}

function momentWords(
  phase: SalePhase,
  { startsAt, endsAt }: { startsAt: number; endsAt: number },
  { product }: Messages,
  { moment }: Formats,
): string {
  switch (phase) {
    case 'upcoming':
      return product.opens(moment(startsAt));
    case 'active':
    case 'paused':
      return product.closes(moment(endsAt));
    case 'sold_out':
      return product.opened(moment(startsAt));
    case 'ended':
      return product.closed(moment(endsAt));
  }
}
