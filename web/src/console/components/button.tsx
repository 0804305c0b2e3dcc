import type { ReactNode } from 'react';

import { Spinner } from '@/components/spinner';

import styles from './button.module.css';

interface ButtonProps {
  children: ReactNode;
  look?: 'outlined' | 'danger' | 'quiet';
  type?: 'button' | 'submit';
  /** Not to be pressed now. It keeps the focus, so that a keyboard waits on the spot. */
  locked?: boolean;
  busy?: boolean;
  onClick?: () => void;
}

export function Button({
  children,
  look = 'outlined',
  type = 'button',
  locked = false,
  busy = false,
  onClick,
}: ButtonProps) {
  return (
    <button
      type={type}
      className={styles.button}
      data-look={look}
      aria-disabled={locked || busy}
      aria-busy={busy}
      onClick={locked || busy ? undefined : onClick}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
