import { Button } from '@/components/button';
import { useSecondsUntil } from '@/lib/use-seconds-until';
import { useWords } from '@/lib/words';

import type { PurchaseFlow } from '../purchase-flow';
import type { PurchaseState } from '../purchase-machine';
import { TRIES_MAX } from '@/lib/retry-schedule';
import styles from './retry-panel.module.css';

interface RetryPanelProps {
  state: Extract<PurchaseState, { step: 'token' | 'sending' | 'waiting' }>;
  flow: PurchaseFlow;
  /** Called before the tries are stopped, while the button that was pressed is still there. */
  onStop: () => void;
}

/** Which try it is, when the next one goes out, and how to hasten or to stop that. */
export function RetryPanel({ state, flow, onStop }: RetryPanelProps) {
  const { messages } = useWords();
  const words = messages.retry;
  const waiting = state.step === 'waiting' ? state : null;
  const seconds = useSecondsUntil(waiting?.retryAtMs ?? null);
  const restSeconds = useSecondsUntil(waiting?.earliestAtMs ?? null);
  const progress =
    waiting === null
      ? words.asking
      : waiting.offline
        ? words.offline
        : words.nextIn(Math.max(1, seconds));
  const tries = Math.max(1, waiting === null ? state.tries : state.tries + 1);
  return (
    <div className={styles.panel}>
      <p className={styles.progress}>
        <span>{progress}</span>
        <span>{words.progress(Math.min(tries, TRIES_MAX), TRIES_MAX)}</span>
      </p>
      <div className={styles.actions}>
        <Button locked={waiting === null || restSeconds > 0} onClick={flow.tryNow}>
          {words.now}
        </Button>
        <Button
          look="plain"
          onClick={() => {
            onStop();
            flow.stop();
          }}
        >
          {words.stop}
        </Button>
      </div>
    </div>
  );
}
