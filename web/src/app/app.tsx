import { Notice } from '@/components/notice';
import { useSale } from '@/features/sale/api/use-sale';
import { PhaseBadge, PhaseNews } from '@/features/sale/components/phase-badge';
import { ProductHeading } from '@/features/sale/components/product-heading';
import { Stage } from '@/features/sale/components/stage';
import { StockMeter } from '@/features/sale/components/stock-meter';
import { saleKeyOf } from '@/features/sale/sale-phase';
import { timeZoneName } from '@/lib/format';
import { messages } from '@/lib/messages';

import styles from './app.module.css';
import { OrderPanel } from './order-panel';
import type { Services } from './services';

export function App({ services }: { services: Services }) {
  const { sale, pollNow } = useSale(services.clock);
  const words = messages.page;
  const phase = messages.phase[sale.phase];
  return (
    <div className={styles.page}>
      {'status' in sale && <title>{words.title(sale.status.productDescription, phase)}</title>}
      <header className={styles.header}>
        <p className={styles.brand}>{words.brand}</p>
        <PhaseBadge sale={sale} />
      </header>
      <main className={styles.main}>
        <Stage sale={sale} />
        <div className={styles.counter}>
          <ProductHeading sale={sale} />
          {sale.phase === 'unreachable' && <Notice tone="trouble" {...messages.unreachable} />}
          {'status' in sale && (
            <>
              <StockMeter status={sale.status} />
              <OrderPanel
                key={saleKeyOf(sale.status)}
                services={services}
                phase={sale.phase}
                status={sale.status}
                pollNow={pollNow}
              />
            </>
          )}
        </div>
      </main>
      <footer className={styles.footer}>
        <p>{words.clockDecides}</p>
        <p>{words.timeZone(timeZoneName())}</p>
      </footer>
      <PhaseNews phase={sale.phase} />
    </div>
  );
}
