import { type Ref, useId } from 'react';
import type { ReactNode } from 'react';

import styles from './text-field.module.css';

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint: ReactNode;
  /** Why the value was not accepted; stands in the hint's place. */
  problem?: string | null;
  type?: 'password' | 'search';
  autoComplete?: string;
  charsMax: number;
  ref?: Ref<HTMLInputElement>;
}

export function TextField(props: TextFieldProps) {
  const { label, value, onChange, hint, problem = null, type, autoComplete, charsMax, ref } = props;
  const id = useId();
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <input
        ref={ref}
        id={id}
        className={styles.input}
        type={type}
        autoComplete={autoComplete ?? 'off'}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        maxLength={charsMax}
        value={value}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-below`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-below`} className={styles.below} aria-live="polite">
        {problem === null ? hint : <strong>{problem}</strong>}
      </p>
    </div>
  );
}
