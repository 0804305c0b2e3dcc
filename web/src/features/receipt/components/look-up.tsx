import { type SubmitEvent, useRef, useState } from 'react';

import { Button } from '@/components/button';
import { BuyerIdField } from '@/components/buyer-id-field';
import { type BuyerIdProblem, checkBuyerId } from '@/lib/buyer/buyer-id';
import { useWords } from '@/lib/words';

import { useLookUp } from '../api/use-look-up';
import styles from './look-up.module.css';
import { LookUpAnswer } from './look-up-answer';

interface LookUpProps {
  initialUserId: string;
  onAnswer: (userId: string, orderId: string | null) => void;
}

/** "Did I get one?": the shop's books, asked by id. */
export function LookUp({ initialUserId, onAnswer }: LookUpProps) {
  const { messages } = useWords();
  const [changed, setChanged] = useState<string | null>(null);
  const [problem, setProblem] = useState<BuyerIdProblem | null>(null);
  const { result, asking, ask, reset } = useLookUp({ onAnswer });
  const field = useRef<HTMLInputElement>(null);
  const typed = changed ?? initialUserId;

  const change = (next: string) => {
    setChanged(next);
    setProblem(null);
    reset();
  };

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (asking) return;
    const check = checkBuyerId(typed);
    if (check.ok) {
      setProblem(null);
      ask(check.userId);
    } else {
      setProblem(check.problem);
      field.current?.focus();
    }
  };

  const words = messages.lookUp;
  return (
    <details className={styles.lookUp}>
      <summary className={styles.summary}>{words.summary}</summary>
      <form className={styles.form} onSubmit={submit} noValidate>
        <BuyerIdField
          ref={field}
          label={words.label}
          value={typed}
          onChange={change}
          hint={words.body}
          problem={problem === null ? null : messages.buyerIdProblems[problem]}
        />
        <div>
          <Button type="submit" locked={asking}>
            {asking ? words.asking : words.submit}
          </Button>
        </div>
        <div role="status">
          {result !== null && (
            <LookUpAnswer result={result} found={words.found} notFoundBody={words.notFoundBody} />
          )}
        </div>
      </form>
    </details>
  );
}
