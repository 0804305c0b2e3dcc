import { Button } from '@/console/components/button';
import type { LiveState } from '@/console/lib/api/schemas';
import { words } from '@/console/lib/words';

import styles from './brake.module.css';

interface BrakePanelProps {
  state: LiveState;
  /** Whether the state is the server's of this moment. */
  fresh: boolean;
  ask: (pause: boolean) => void;
}

/** The brake itself. What it shows is what the server says, never what was pressed. */
export function BrakePanel({ state: { paused, status }, fresh, ask }: BrakePanelProps) {
  return (
    <section className={styles.panel} aria-label={words.brake.label}>
      {status === 'ended' && !paused ? (
        <p className={styles.over}>{words.brake.over}</p>
      ) : paused ? (
        <div className={styles.pulled}>
          <p className={styles.stopped}>{words.brake.stopped}</p>
          <Button onClick={() => ask(false)}>{words.brake.goOn}</Button>
        </div>
      ) : (
        <button className={styles.brake} type="button" onClick={() => ask(true)}>
          <StopSign />
          <span>
            <span className={styles.stop}>{words.brake.stop}</span>
            <span className={styles.hint}>{words.brake.stopHint}</span>
          </span>
        </button>
      )}
      {!fresh && <p className={styles.hint}>{words.brake.unknown}</p>}
    </section>
  );
}

/** The shape that means the same everywhere. */
function StopSign() {
  return (
    <svg className={styles.sign} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M10.5 2h11L30 10.5v11L21.5 30h-11L2 21.5v-11z"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.5"
        strokeLinejoin="round"
      />
      <path d="M9.5 16h13" stroke="currentColor" strokeWidth="4" />
    </svg>
  );
}
