import { Button } from '@/console/components/button';
import { LinkBadge } from '@/console/features/live/components/link-badge';
import type { Link } from '@/console/features/live/live-feed';
import type { Sale } from '@/console/lib/api/schemas';
import { words } from '@/console/lib/words';

import styles from './console.module.css';
import { type ViewName, VIEWS } from './views';

interface HeaderProps {
  sale: Sale | null;
  link: Link;
  name: ViewName;
  signOutFailed: boolean;
  onSignOut: () => void;
}

/** Which sale this is, whether the figures are fresh, and the way to the other views. */
export function Header({ sale, link, name, signOutFailed, onSignOut }: HeaderProps) {
  return (
    <header className={styles.header}>
      <div className={styles.identity}>
        <h1 className={styles.brand}>
          {sale === null ? words.page.name : sale.productDescription}
        </h1>
        <p className={styles.saleId}>{sale?.saleId}</p>
      </div>
      <nav className={styles.views} aria-label={words.page.views}>
        {VIEWS.map((view) => (
          <a
            key={view}
            className={styles.view}
            href={`#${view}`}
            aria-current={view === name ? 'page' : undefined}
          >
            {words.page[view]}
          </a>
        ))}
      </nav>
      <div className={styles.account}>
        <LinkBadge link={link} />
        <Button look="quiet" onClick={onSignOut}>
          {words.page.signOut}
        </Button>
        <p role="alert">{signOutFailed && words.page.signOutFailed}</p>
      </div>
    </header>
  );
}
