import { useState } from 'react';

import { Button } from '@/console/components/button';
import { FailureWords, Notice } from '@/console/components/notice';
import { TextField } from '@/console/components/text-field';
import { type AdminClient, downloadPath } from '@/console/lib/api/client';
import { formatCount } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import { OrdersTable } from './orders-table';
import styles from './orders.module.css';
import { type Orders, useOrders } from './use-orders';
import { useSettled } from './use-settled';

const TYPING_PAUSE_MS = 250;
/** As long as a user id may be. */
const SEARCH_CHARS_MAX = 254;

interface OrdersViewProps {
  client: Pick<AdminClient, 'getOrders'>;
  /** Changes with each sign-in. */
  epoch: number;
}

/** Who has bought: found, paged through, and taken home as a file. */
export function OrdersView({ client, epoch }: OrdersViewProps) {
  const [typed, setTyped] = useState('');
  const search = useSettled(typed.trim(), TYPING_PAUSE_MS);
  const orders = useOrders(client, search, epoch);
  const { page, failure } = orders;
  return (
    <section className={styles.orders} aria-label={words.orders.caption}>
      <div className={styles.tools}>
        <div role="search" className={styles.search}>
          <TextField
            label={words.orders.search}
            type="search"
            hint={words.orders.searchHint}
            charsMax={SEARCH_CHARS_MAX}
            value={typed}
            onChange={setTyped}
          />
        </div>
        <ul className={styles.downloads}>
          <Download format="csv" search={search} />
          <Download format="jsonl" search={search} />
        </ul>
      </div>
      <div role="alert">
        {failure !== null && failure.kind !== 'unauthorized' && (
          <Notice title={words.orders.failed}>
            <FailureWords failure={failure} />
            <Button look="quiet" onClick={orders.refresh}>
              {words.tryAgain}
            </Button>
          </Notice>
        )}
      </div>
      {page !== null && <OrdersTable orders={page.orders} stale={orders.loading} />}
      <p className={styles.summary} role="status">
        {summaryOf(orders, search)}
      </p>
      {page !== null && <Pages orders={orders} />}
    </section>
  );
}

function summaryOf({ page, loading }: Orders, search: string): string {
  if (page === null) return loading ? words.orders.loading : '';
  const from = page.orders[0];
  const to = page.orders.at(-1);
  const sold = words.orders.sold(formatCount(page.sold));
  if (from === undefined || to === undefined) {
    return search === '' ? words.orders.none : `${words.orders.noMatch} ${sold}.`;
  }
  return `${words.orders.range(formatCount(from.unit), formatCount(to.unit))}, ${sold}.`;
}

function Pages({ orders: { page, pageIndex, loading, ...steps } }: { orders: Orders }) {
  return (
    <nav className={styles.pages} aria-label={words.orders.pages}>
      <Button locked={pageIndex === 0} onClick={steps.first}>
        {words.orders.first}
      </Button>
      <Button locked={pageIndex === 0} onClick={steps.previous}>
        {words.orders.previous}
      </Button>
      <Button locked={page?.next === null} onClick={steps.next}>
        {words.orders.next}
      </Button>
      <Button look="quiet" busy={loading} onClick={steps.refresh}>
        {words.orders.refresh}
      </Button>
    </nav>
  );
}

/** A plain link, so that the browser writes to the disk what comes, however long that is. */
function Download({ format, search }: { format: 'csv' | 'jsonl'; search: string }) {
  return (
    <li>
      <a className={styles.download} href={downloadPath(format, search)} download>
        {format === 'csv' ? words.orders.csv : words.orders.jsonLines}
      </a>
    </li>
  );
}
