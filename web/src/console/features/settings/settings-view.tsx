import { Fragment, type ReactNode } from 'react';

import { Moment } from '@/console/components/moment';
import type { Sale } from '@/console/lib/api/schemas';
import { formatCount } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import styles from './settings.module.css';

/** What was set before the start: of the sale, and of this node. */
export function SettingsView({ sale }: { sale: Sale }) {
  const text = words.settings;
  return (
    <div className={styles.settings}>
      <Facts
        title={text.sale}
        facts={[
          [text.saleId, <code key="">{sale.saleId}</code>],
          [text.productId, <code key="">{sale.productId}</code>],
          [text.product, sale.productDescription],
          [text.stock, formatCount(sale.stock)],
          [text.startsAt, <Moment key="" epochMs={sale.startsAt} />],
          [text.endsAt, <Moment key="" epochMs={sale.endsAt} />],
        ]}
      />
      <Facts
        title={text.node}
        facts={[
          [text.address, <code key="">{sale.address}</code>],
          [text.engine, text.engines[sale.engine]],
          [text.place, <code key="">{sale.place}</code>],
          [text.version, sale.version],
          [text.nodeStartedAt, <Moment key="" epochMs={sale.nodeStartedAt} />],
        ]}
      />
      <Facts
        title={text.configuration}
        wide
        facts={sale.settings.map(({ name, value }) => [name, <code key="">{value}</code>])}
      />
    </div>
  );
}

interface FactsProps {
  title: string;
  facts: [name: string, value: ReactNode][];
  wide?: boolean;
}

function Facts({ title, facts, wide = false }: FactsProps) {
  return (
    <section className={styles.facts} data-wide={wide}>
      <h2 className={styles.title}>{title}</h2>
      <table className={styles.table} aria-label={title}>
        <thead className="visuallyHidden">
          <tr>
            <th scope="col">{words.settings.name}</th>
            <th scope="col">{words.settings.value}</th>
          </tr>
        </thead>
        <tbody>
          {facts.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{breakable(name)}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A long name in capitals goes on in the next line after an underscore, and not in the middle of a word. */
function breakable(name: string): ReactNode {
  return name.split(/(?<=_)/).map((part, index) => (
    <Fragment key={part}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
