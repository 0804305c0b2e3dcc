import { type ReactNode, type SubmitEvent, useEffect, useRef, useSyncExternalStore } from 'react';

import { Button } from '@/components/button';
import { Notice } from '@/components/notice';
import type { Messages } from '@/lib/messages/en';
import { useSecondsUntil } from '@/lib/use-seconds-until';
import { useWords } from '@/lib/words';

import { type AnswerWords, wordsFor } from '../answer-words';
import type { PurchaseFlow } from '../purchase-flow';
import { isGoingOn, isUnderWay, type PurchaseState } from '../purchase-machine';
import styles from './order-form.module.css';
import { RetryPanel } from './retry-panel';

interface OrderFormProps {
  flow: PurchaseFlow;
  /** Whether new orders are taken now. An order that waits for its answer may always be asked for. */
  open: boolean;
  /** Said below the button when there is nothing else to say. */
  hint: string;
  /** What the check before the sale says. It comes last, so that the button never moves away from a finger. */
  check: ReactNode;
  /** Whether it is under way: a press may have to wait for it. */
  checking: boolean;
  /** Who buys: a field, or a name. */
  children: ReactNode;
  /** The button was pressed, and it was open. */
  onPress: () => void;
}

/** The button, what became of the press, and what can be done about that. */
export function OrderForm(props: OrderFormProps) {
  const { flow, open, hint, check, checking, children, onPress } = props;
  const { messages } = useWords();
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const button = useRef<HTMLButtonElement>(null);
  const words = wordsFor(state, messages);
  const restSeconds = useSecondsUntil(state.step === 'stopped' ? state.earliestAtMs : null);
  const goingOn = isGoingOn(state);
  const locked = goingOn || restSeconds > 0 || !(open || isAskedAgain(words));

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!locked) onPress();
  };

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {children}
      <Button ref={button} type="submit" look="primary" locked={locked} busy={goingOn}>
        {checking && state.step === 'token'
          ? messages.form.checking
          : buttonWords(state, words, messages)}
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
      {check}
    </form>
  );
}

/** Whether the button asks for the same order once more, also when no new ones are taken. */
export function isAskedAgain(words: AnswerWords | null): boolean {
  return words?.next === 'ask' || words?.next === 'retry';
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
