import styles from './order-number.module.css';

const GROUP_DIGITS = 8;

/** An order number in groups for the eye; selected or read by a program it is one unbroken word. */
export function OrderNumber({ orderId }: { orderId: string }) {
  const starts = Array.from(
    { length: Math.ceil(orderId.length / GROUP_DIGITS) },
    (_, index) => index * GROUP_DIGITS,
  );
  return (
    <div className={styles.room}>
      <code className={styles.number}>
        {starts.map((start) => (
          <span key={start}>{orderId.slice(start, start + GROUP_DIGITS)}</span>
        ))}
      </code>
    </div>
  );
}
