import { messages } from '@/lib/messages';

import type { Sale } from '../api/use-sale';
import styles from './phase-badge.module.css';

/** The phase in two words, always in the same place. */
export function PhaseBadge({ sale }: { sale: Sale }) {
  const reconnecting = 'status' in sale && sale.reconnecting;
  const shown = reconnecting ? 'reconnecting' : sale.phase;
  return (
    <p className={styles.badge} data-phase={shown}>
      <span className={styles.dot} aria-hidden="true" />
      {messages.phase[shown]}
    </p>
  );
}

/** Says aloud when the phase changes, and nothing at each tick. */
export function PhaseNews({ phase }: { phase: Sale['phase'] }) {
  return (
    <p className="visuallyHidden" role="status">
      {messages.phaseNews[phase]}
    </p>
  );
}
