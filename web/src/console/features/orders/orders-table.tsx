import { Moment } from '@/console/components/moment';
import type { Order } from '@/console/lib/api/schemas';
import { formatCount } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import styles from './orders.module.css';

interface OrdersTableProps {
  orders: Order[];
  /** Whether others are on their way. */
  stale: boolean;
}

/** On a narrow screen it is moved sideways, also with the keys. */
export function OrdersTable({ orders, stale }: OrdersTableProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must take the focus.
    <div className={styles.scroller} tabIndex={0} role="region" aria-label={words.orders.table}>
      <table className={styles.table} aria-busy={stale}>
        <thead>
          <tr>
            <th scope="col">{words.orders.unit}</th>
            <th scope="col">{words.orders.user}</th>
            <th scope="col">{words.orders.at}</th>
            <th scope="col">{words.orders.order}</th>
            <th scope="col">{words.orders.key}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map(({ unit, userId, orderedAt, orderId, idempotencyKey }) => (
            <tr key={unit}>
              <td>{formatCount(unit)}</td>
              <th scope="row" className={styles.user}>
                {userId}
              </th>
              <td>
                <Moment epochMs={orderedAt} />
              </td>
              <td>
                <code>{orderId}</code>
              </td>
              <td>
                {idempotencyKey === null ? words.orders.noKey : <code>{idempotencyKey}</code>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
