import { words } from '@/console/lib/words';

import type { Link } from '../live-feed';
import styles from './link-badge.module.css';

/** Whether the figures are fresh; a change is read out. */
export function LinkBadge({ link }: { link: Link }) {
  return (
    <p className={styles.badge} data-link={link.kind} role="status">
      <span className={styles.dot} aria-hidden="true" />
      {isSignedOut(link) ? words.link.signedOut : words.link[link.kind]}
    </p>
  );
}

function isSignedOut(link: Link): boolean {
  return link.kind === 'away' && link.failure.kind === 'unauthorized';
}
