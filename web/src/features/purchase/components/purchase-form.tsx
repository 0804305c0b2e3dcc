import { type SubmitEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { Button } from '@/components/button';
import { BuyerIdField } from '@/components/buyer-id-field';
import { Notice } from '@/components/notice';
import { type BuyerIdProblem, checkBuyerId } from '@/lib/buyer/buyer-id';
import { messages } from '@/lib/messages';

import { type AnswerWords, wordsFor } from '../answer-words';
import type { PurchaseFlow } from '../purchase-flow';
import { isUnderWay } from '../purchase-machine';
import styles from './purchase-form.module.css';
import { useRetryWait } from './use-retry-wait';

interface PurchaseFormProps {
  flow: PurchaseFlow;
  saleKey: string;
  /** Whether new orders are taken now. An order that waits for its answer may always be asked for. */
  open: boolean;
  /** Said below the button when there is nothing else to say. */
  hint: string;
  typed: string;
  onType: (typed: string) => void;
}

export function PurchaseForm({ flow, saleKey, open, hint, typed, onType }: PurchaseFormProps) {
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const [problem, setProblem] = useState<BuyerIdProblem | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const waitSeconds = useRetryWait(state);

  const words = wordsFor(state);
  const retries = words?.next === 'retry';
  const sending = isUnderWay(state);
  const locked = sending || waitSeconds > 0 || !(open || retries);

  const type = (next: string) => {
    onType(next);
    setProblem(null);
    flow.dismiss();
  };

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (locked) return;
    const check = checkBuyerId(typed);
    if (check.ok) {
      setProblem(null);
      flow.buy(saleKey, check.userId);
    } else {
      setProblem(check.problem);
      field.current?.focus();
    }
  };

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <BuyerIdField
        ref={field}
        label={messages.form.label}
        value={typed}
        onChange={type}
        hint={messages.form.hint}
        problem={problem === null ? null : messages.buyerIdProblems[problem]}
        readOnly={sending || (retries && !open)}
      />
      <Button type="submit" look="primary" locked={locked} busy={sending}>
        {buttonWords(sending, retries, waitSeconds)}
      </Button>
      <div className={styles.below}>
        <div role="status">
          {sending && <span className="visuallyHidden">{messages.form.sending}</span>}
          {words !== null && <Answer key={words.title} words={words} />}
        </div>
        {words?.next === 'reload' && (
          <Button onClick={() => location.reload()}>{messages.answers.reload}</Button>
        )}
        {words === null && <p className={styles.hint}>{hint}</p>}
      </div>
    </form>
  );
}

function Answer({ words }: { words: AnswerWords }) {
  const place = useRef<HTMLDivElement>(null);
  // On a phone the keyboard may cover the place; an answer that is not seen gets a second press.
  useEffect(() => {
    // In braces: newer browsers return a promise here, which React would take for a clean-up.
    void place.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={place}>
      <Notice {...words} />
    </div>
  );
}

function buttonWords(sending: boolean, retries: boolean, waitSeconds: number): string {
  if (sending) return messages.form.sending;
  if (!retries) return messages.form.buy;
  return waitSeconds > 0 ? messages.form.tryAgainIn(waitSeconds) : messages.form.tryAgain;
}
