import type { LiveState, Sale } from '@/console/lib/api/schemas';
import { formatSpan } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import type { LiveView } from '../live-feed';
import { notReadyMs } from '../samples';
import styles from './headline.module.css';

interface NodeStateProps {
  view: LiveView;
  state: LiveState;
  sale: Sale | null;
}

/** Whether the node can take orders. Why it cannot stands above everything. */
export function NodeState({ view, state, sale }: NodeStateProps) {
  const readiness = state.ready ? words.headline.ready : words.headline.notReady;
  const troubleMs = notReadyMs(view.samples);
  const isKnown = view.link.kind === 'live';
  return (
    <div className={styles.cell} data-ready={isKnown && state.ready}>
      <p className={styles.name}>{words.headline.node}</p>
      <p className={`${styles.value} ${styles.node}`}>
        {isKnown ? readiness : words.headline.unknown}
      </p>
      <p className={styles.below}>
        {troubleMs > 0
          ? words.headline.wasNotReady(formatSpan(troubleMs))
          : sale !== null &&
            view.heard !== null &&
            words.headline.upSince(formatSpan(view.heard.nodeMs - sale.nodeStartedAt))}
      </p>
    </div>
  );
}
