import { type Ref, useId } from 'react';

import { BUYER_ID_CHARS_MAX } from '@/lib/buyer/buyer-id';

import styles from './field.module.css';

/** Room for what is trimmed off; the rule itself is checked on the press. */
const TYPED_CHARS_MAX = BUYER_ID_CHARS_MAX + 46;

interface BuyerIdFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onLeave?: () => void;
  hint?: string | undefined;
  /** Why the value was not accepted; stands in the hint's place. */
  problem?: string | null;
  readOnly?: boolean;
  ref?: Ref<HTMLInputElement>;
}

/** The field for the buyer's id or e-mail, as both the order form and the look-up have it. */
export function BuyerIdField(props: BuyerIdFieldProps) {
  const { label, value, onChange, onLeave, hint, problem = null, readOnly = false, ref } = props;
  const id = useId();
  const belowId = `${id}-below`;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <input
        ref={ref}
        id={id}
        className={styles.input}
        // An id need not be an e-mail, so the type stays `text`; the keyboard and the filler may guess.
        type="text"
        inputMode="email"
        autoComplete="email"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
        maxLength={TYPED_CHARS_MAX}
        value={value}
        readOnly={readOnly}
        aria-invalid={problem !== null}
        aria-describedby={belowId}
        onBlur={onLeave}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={belowId} className={styles.below} aria-live="polite">
        {problem === null ? hint : <span className={styles.problem}>{problem}</span>}
      </p>
    </div>
  );
}
