import { useSyncExternalStore } from 'react';

import type { Connection } from '@/lib/connection';
import { useWords } from '@/lib/words';

import type { Sale } from '../api/use-sale';
import styles from './phase-badge.module.css';

/** The phase in two words, always in the same place. */
export function PhaseBadge({ sale, connection }: { sale: Sale; connection: Connection }) {
  const { messages } = useWords();
  const online = useSyncExternalStore(connection.subscribe, connection.isOnline);
  const stale = 'status' in sale && sale.stale;
  const shown = online ? (stale ? 'reconnecting' : sale.phase) : 'offline';
  return (
    <p className={styles.badge} data-phase={shown}>
      <span className={styles.dot} aria-hidden="true" />
      {messages.phase[shown]}
    </p>
  );
}

/** Says aloud when the phase changes or the shop gets into trouble, and nothing at each tick. */
export function PhaseNews({ sale }: { sale: Sale }) {
  const { phaseNews, notReady } = useWords().messages;
  return (
    <p className="visuallyHidden" role="status">
      {sale.phase === 'active' && !sale.status.ready ? notReady.title : phaseNews[newsOf(sale)]}
    </p>
  );
}

function newsOf(sale: Sale) {
  if (!('status' in sale)) return sale.phase;
  if (sale.stale) return 'unreachable';
  return sale.phase === 'upcoming' && sale.status.paused ? 'paused' : sale.phase;
}
