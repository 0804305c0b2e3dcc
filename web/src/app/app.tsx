import { Notice } from '@/components/notice';
import { useSale } from '@/features/sale/api/use-sale';
import { PhaseBadge, PhaseNews } from '@/features/sale/components/phase-badge';
import { ProductHeading } from '@/features/sale/components/product-heading';
import { Stage } from '@/features/sale/components/stage';
import { StockMeter } from '@/features/sale/components/stock-meter';
import { productWords } from '@/features/sale/product-words';
import { saleKeyOf } from '@/features/sale/sale-phase';
import { useWords } from '@/lib/words';

import styles from './app.module.css';
import { LanguageSwitch } from './language-switch';
import { OrderPanel } from './order-panel';
import type { Services } from './services';

export function App({ services }: { services: Services }) {
  const { clock, connection, feed, shop } = services;
  const { messages, formats } = useWords();
  const sale = useSale(clock, feed);
  const words = messages.page;
  return (
    <div className={styles.page}>
      {'status' in sale && (
        <title>
          {words.title(productWords(sale.status, shop).title, messages.phase[sale.phase])}
        </title>
      )}
      <header className={styles.header}>
        <p className={styles.brand}>{shop.shopName ?? words.brand}</p>
        <PhaseBadge sale={sale} connection={connection} />
      </header>
      <main className={styles.main}>
        <Stage sale={sale} shop={shop} />
        <div className={styles.counter}>
          <ProductHeading sale={sale} shop={shop} />
          {sale.phase === 'unreachable' && <Notice tone="trouble" {...messages.unreachable} />}
          {'status' in sale && (
            <>
              <StockMeter status={sale.status} />
              <OrderPanel
                key={saleKeyOf(sale.status)}
                services={services}
                phase={sale.phase}
                status={sale.status}
                stale={sale.stale}
              />
            </>
          )}
        </div>
      </main>
      <footer className={styles.footer}>
        <p>{words.clockDecides}</p>
        <p>{words.timeZone(formats.timeZone)}</p>
        <LanguageSwitch />
      </footer>
      <PhaseNews sale={sale} />
    </div>
  );
}
