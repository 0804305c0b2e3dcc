import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

import styles from './dialog.module.css';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** What Escape does; without it the dialog stays until its owner takes it away. */
  onCancel?: () => void;
  urgent?: boolean;
}

/** A modal dialog: the browser keeps the focus inside, and gives it back when it goes. */
export function Dialog({ title, children, onCancel, urgent = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // It must be closed before it is taken out of the page: only then does the focus go back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null || element.open) return;
    element.showModal();
    return () => element.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      role={urgent ? 'alertdialog' : undefined}
      aria-labelledby={titleId}
      closedby={onCancel === undefined ? 'none' : 'closerequest'}
      onCancel={(event) => {
        // The owner decides, by no longer showing the dialog.
        event.preventDefault();
        onCancel?.();
      }}
    >
      <h2 className={styles.title} id={titleId}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}
