import type { LiveState, Sale } from '@/console/lib/api/schemas';
import { formatCountdown, formatMoment } from '@/console/lib/format';
import { useNow } from '@/console/lib/use-now';
import { words } from '@/console/lib/words';

import { type LiveView, nodeNow } from '../live-feed';
import styles from './headline.module.css';

interface PhaseCountdownProps {
  view: LiveView;
  state: LiveState;
  sale: Sale | null;
}

/** The phase, and the time to the next one by the node's clock. */
export function PhaseCountdown({ view, state, sale }: PhaseCountdownProps) {
  const { monotonicMs } = useNow();
  const shown = state.paused && state.status !== 'ended' ? 'paused' : state.status;
  const target = sale === null ? null : targetOf(state, sale);
  const nowMs = nodeNow(view, monotonicMs);
  return (
    <div className={`${styles.cell} ${styles.phase}`} data-phase={shown}>
      <p className={styles.phaseName}>
        <span className={styles.dot} aria-hidden="true" />
        {words.phase[shown]}
        {target !== null && <span className={styles.until}>{target.label}</span>}
      </p>
      <p className={styles.value} role="timer">
        {target === null || nowMs === null
          ? words.headline.none
          : formatCountdown(target.atMs - nowMs)}
      </p>
      <p className={styles.below}>
        {target === null
          ? sale !== null && `${words.headline.ended} ${formatMoment(sale.endsAt)}`
          : words.headline.at(formatMoment(target.atMs))}
      </p>
    </div>
  );
}

function targetOf({ status }: LiveState, { startsAt, endsAt }: Sale) {
  if (status === 'ended') return null;
  return status === 'upcoming'
    ? { label: words.headline.opens, atMs: startsAt }
    : { label: words.headline.closes, atMs: endsAt };
}
