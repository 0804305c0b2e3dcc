import type { SaleStatus } from '@/lib/api/schemas';
import { useWords } from '@/lib/words';

import styles from './stock-meter.module.css';

/** What is left, as a figure and as a bar. */
export function StockMeter({ status }: { status: SaleStatus }) {
  const { messages, formats } = useWords();
  const total = status.stock + status.sold;
  const totalWords = formats.count(total);
  const left = formats.count(status.stock);
  const share = total === 0 ? 0 : status.stock / total;
  return (
    <div className={styles.stock}>
      <p className={styles.figure} aria-hidden="true">
        <span className={styles.left}>{left}</span> {messages.stock.of(totalWords)}
      </p>
      <div
        className={styles.bar}
        role="meter"
        aria-label={messages.stock.label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={status.stock}
        aria-valuetext={messages.stock.left(left, totalWords)}
      >
        <div className={styles.fill} style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}
