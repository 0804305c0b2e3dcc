import { useEffect, useRef, useSyncExternalStore } from 'react';

import { Button } from '@/components/button';
import { useWords } from '@/lib/words';

import type { BrowserCheck, CheckState } from '../browser-check';
import styles from './check-line.module.css';

/** What the check before the sale is doing, and the place of a service's widget. */
export function CheckLine({ check }: { check: BrowserCheck }) {
  const words = useWords().messages.check;
  const state = useSyncExternalStore(check.subscribe, check.state);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    check.mount(place.current);
    return () => check.mount(null);
  }, [check]);

  return (
    <>
      <div role="status" className={styles.line} data-check={state.step}>
        {state.step !== 'none' && <Told state={state} />}
      </div>
      <div ref={place} className={styles.widget} />
      {state.step === 'failed' && !state.goesOn && (
        <div>
          <Button onClick={() => check.again()}>{words.again}</Button>
        </div>
      )}
    </>
  );
}

function Told({ state }: { state: Exclude<CheckState, { step: 'none' }> }) {
  const words = useWords().messages.check;
  switch (state.step) {
    case 'checking':
      return state.byService ? words.checkingByService : words.checking;
    case 'passed':
      return words.passed;
    case 'failed':
      return state.goesOn ? words.later : words.failed;
  }
}
