import type { ReactNode } from 'react';

import type { Failure } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';

import styles from './notice.module.css';

interface NoticeProps {
  /** For what costs orders at this moment. */
  loud?: boolean;
  title: string;
  children?: ReactNode;
}

/** Something is wrong: what it is, and what follows from it. */
export function Notice({ loud = false, title, children }: NoticeProps) {
  return (
    <div className={styles.notice} data-loud={loud}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.body}>{children}</div>}
    </div>
  );
}

/** Why a request failed, with the reference that finds it in the node's log. */
export function FailureWords({ failure }: { failure: Failure }) {
  return (
    <>
      <p>{words.failures[failure.kind]}</p>
      <Reference failure={failure} />
    </>
  );
}

export function Reference({ failure: { correlationId } }: { failure: Failure }) {
  if (correlationId === null) return null;
  return (
    <p>
      {words.reference}: <code className={styles.reference}>{correlationId}</code>
    </p>
  );
}
