import type { SaleStatus } from '@/lib/api/schemas';
import { formatCount } from '@/lib/format';
import { messages } from '@/lib/messages';

import styles from './stock-meter.module.css';

/** What is left, as a figure and as a bar. */
export function StockMeter({ status }: { status: SaleStatus }) {
  const total = status.stock + status.sold;
  const left = formatCount(status.stock);
  const share = total === 0 ? 0 : status.stock / total;
  return (
    <div className={styles.stock}>
      <p className={styles.figure} aria-hidden="true">
        <span className={styles.left}>{left}</span> {messages.stock.of(formatCount(total))}
      </p>
      <div
        className={styles.bar}
        role="meter"
        aria-label={messages.stock.label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={status.stock}
        aria-valuetext={messages.stock.left(left, formatCount(total))}
      >
        <div className={styles.fill} style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}
