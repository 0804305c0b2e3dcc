import { type SubmitEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { Button } from '@/components/button';
import { BuyerIdField } from '@/components/buyer-id-field';
import { Notice } from '@/components/notice';
import { type BuyerIdProblem, checkBuyerId } from '@/lib/buyer/buyer-id';
import type { Messages } from '@/lib/messages/en';
import { useSecondsUntil } from '@/lib/use-seconds-until';
import { useWords } from '@/lib/words';

import { type AnswerWords, wordsFor } from '../answer-words';
import type { PurchaseFlow } from '../purchase-flow';
import { isGoingOn, isUnderWay, type PurchaseState } from '../purchase-machine';
import styles from './purchase-form.module.css';
import { RetryPanel } from './retry-panel';

interface PurchaseFormProps {
  flow: PurchaseFlow;
  saleKey: string;
  /** Whether new orders are taken now. An order that waits for its answer may always be asked for. */
  open: boolean;
  /** Said below the button when there is nothing else to say. */
  hint: string;
  typed: string;
  onType: (typed: string) => void;
  /** Set when the form takes the place of what had the focus. */
  takesFocus: boolean;
}

export function PurchaseForm(props: PurchaseFormProps) {
  const { flow, saleKey, open, hint, typed, onType, takesFocus } = props;
  const { messages } = useWords();
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const [problem, setProblem] = useState<BuyerIdProblem | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  const words = wordsFor(state, messages);
  const restSeconds = useSecondsUntil(state.step === 'stopped' ? state.earliestAtMs : null);
  const goingOn = isGoingOn(state);
  const again = words?.next === 'ask' || words?.next === 'retry';
  const locked = goingOn || restSeconds > 0 || !(open || again);

  useEffect(() => {
    if (takesFocus) field.current?.focus();
  }, [takesFocus]);

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
        readOnly={goingOn || (again && !open)}
      />
      <Button ref={button} type="submit" look="primary" locked={locked} busy={goingOn}>
        {buttonWords(state, words, messages)}
      </Button>
      <div className={styles.below}>
        <div role="status">
          {isUnderWay(state) && words === null && (
            <span className="visuallyHidden">{messages.form.sending}</span>
          )}
          {words !== null && <Answer key={words.title} words={words} />}
        </div>
        {goingOn && state.cause !== null && (
          <RetryPanel state={state} flow={flow} onStop={() => button.current?.focus()} />
        )}
        {words?.next === 'reload' && (
          <Button onClick={() => location.reload()}>{messages.answers.reload}</Button>
        )}
        {words === null && <p className={styles.hint}>{hint}</p>}
      </div>
    </form>
  );
}

function Answer({ words: { tone, title, body, reference } }: { words: AnswerWords }) {
  const { messages } = useWords();
  const place = useRef<HTMLDivElement>(null);
  // On a phone the keyboard may cover the place; an answer that is not seen gets a second press.
  useEffect(() => {
    // In braces: newer browsers return a promise here, which React would take for a clean-up.
    void place.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={place}>
      <Notice
        tone={tone}
        title={title}
        body={body}
        reference={reference === null ? null : { label: messages.answers.reference, id: reference }}
      />
    </div>
  );
}

function buttonWords(state: PurchaseState, words: AnswerWords | null, { form }: Messages): string {
  if (isUnderWay(state)) return form.sending;
  if (state.step === 'waiting') return form.waiting;
  if (words?.next === 'ask') return form.askAgain;
  return words?.next === 'retry' ? form.tryAgain : form.buy;
}
