import { type SubmitEvent, useEffect } from 'react';

import { Button } from '@/components/button';
import { SignInNotice } from '@/components/sign-in-notice';
import type { Failure } from '@/lib/api/answers';
import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

import { useLookUp } from '../api/use-look-up';
import { LookUpAnswer } from './look-up-answer';
import styles from './look-up.module.css';

interface OwnLookUpProps {
  shop: Shop;
  /** Who is signed in; `null` while that is not known. */
  userId: string | null;
  signedOut: boolean;
  onAnswer: (userId: string, orderId: string | null) => void;
  onFailure: (failure: Failure) => void;
}

/** "Did I get one?" of whoever is signed in: opening it asks the shop's books. */
export function OwnLookUp({ shop, userId, signedOut, onAnswer, onFailure }: OwnLookUpProps) {
  const words = useWords().messages.lookUp;
  const { result, asking, ask, reset } = useLookUp({ onAnswer, onFailure });
  // What one person was told is not for the next: the effect ends with the person.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => reset, [reset, userId]);
  const locked = asking || userId === null;

  const look = () => {
    if (!asking && userId !== null) ask(userId);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    look();
  };

  return (
    <details
      className={styles.lookUp}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) look();
      }}
    >
      <summary className={styles.summary}>{words.summary}</summary>
      {signedOut ? (
        <div className={styles.form}>
          <SignInNotice {...words.failed.unauthorized} shop={shop} />
        </div>
      ) : (
        <form className={styles.form} onSubmit={submit}>
          <div>
            <Button type="submit" locked={locked}>
              {asking ? words.asking : words.submit}
            </Button>
          </div>
          <div role="status">
            {result !== null && (
              <LookUpAnswer
                result={result}
                found={words.ownFound}
                notFoundBody={words.ownNotFoundBody}
              />
            )}
          </div>
        </form>
      )}
    </details>
  );
}
