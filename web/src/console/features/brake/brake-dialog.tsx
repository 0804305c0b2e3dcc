import { useState } from 'react';

import { Button } from '@/console/components/button';
import { Dialog } from '@/console/components/dialog';
import { Notice, Reference } from '@/console/components/notice';
import type { Answer, Failure } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';

import styles from './brake.module.css';

interface BrakeDialogProps {
  /** What is to be done: pull the brake, or let it go. */
  pause: boolean;
  setBrake: (paused: boolean) => Promise<Answer<unknown>>;
  onClose: () => void;
}

/** The second step: it says what will happen, and stays until the server has said that it did. */
export function BrakeDialog({ pause, setBrake, onClose }: BrakeDialogProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const text = pause ? words.brake.confirmStop : words.brake.confirmGoOn;

  const confirm = async () => {
    setBusy(true);
    setFailure(null);
    const answer = await setBrake(pause);
    setBusy(false);
    if (answer.kind === 'ok') onClose();
    else setFailure(answer);
  };

  return (
    <Dialog title={text.title} urgent onCancel={onClose}>
      <ul className={styles.consequences}>
        {text.body.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <div role="alert">
        {failure !== null && (
          <Notice title={words.failures[failure.kind]}>
            {mayBeStored(failure) && <p>{words.brake.notStored}</p>}
            <Reference failure={failure} />
          </Notice>
        )}
      </div>
      <div className={styles.answers}>
        {/* First in order, so that it has the focus and a key pressed in haste does no harm. */}
        <Button onClick={onClose}>{words.brake.cancel}</Button>
        <Button look="danger" busy={busy} onClick={() => void confirm()}>
          {text.confirm}
        </Button>
      </div>
    </Dialog>
  );
}

/** A refusal changes nothing. After anything else only the state tells. */
function mayBeStored({ kind }: Failure): boolean {
  return kind !== 'unauthorized' && kind !== 'refused';
}
