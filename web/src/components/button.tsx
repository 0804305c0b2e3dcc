import type { ReactNode, Ref } from 'react';

import styles from './button.module.css';
import { Spinner } from './spinner';

interface ButtonProps {
  children: ReactNode;
  look?: 'primary' | 'outlined' | 'plain';
  type?: 'button' | 'submit';
  /** Not to be pressed now. It keeps the focus, so that a keyboard waits on the spot; the owner of the press ignores it. */
  locked?: boolean;
  busy?: boolean;
  onClick?: () => void;
  /** The language of the words, where it is not that of the page. */
  lang?: string;
  ref?: Ref<HTMLButtonElement>;
}

const LOOKS = {
  primary: `${styles.button} ${styles.primary}`,
  outlined: styles.button,
  plain: `${styles.button} ${styles.plain}`,
};

export function Button({
  children,
  look = 'outlined',
  type = 'button',
  locked = false,
  busy = false,
  onClick,
  lang,
  ref,
}: ButtonProps) {
  return (
    <button
      ref={ref}
      type={type}
      lang={lang}
      className={LOOKS[look]}
      aria-disabled={locked || busy}
      aria-busy={busy}
      onClick={onClick}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
