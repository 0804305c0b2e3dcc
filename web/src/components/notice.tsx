import { messages } from '@/lib/messages';

import styles from './notice.module.css';

interface NoticeProps {
  tone: 'refused' | 'trouble';
  title: string;
  body: string;
  reference?: string | null;
}

/** What happened and what to do next, in words, with a reference to quote to the support. */
export function Notice({ tone, title, body, reference = null }: NoticeProps) {
  return (
    <div className={tone === 'trouble' ? `${styles.notice} ${styles.trouble}` : styles.notice}>
      <p className={styles.title}>{title}</p>
      <p className={styles.body}>{body}</p>
      {reference !== null && (
        <p className={styles.reference}>
          {messages.answers.reference}: <code>{reference}</code>
        </p>
      )}
    </div>
  );
}
