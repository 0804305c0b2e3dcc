import styles from './notice.module.css';

interface NoticeProps {
  tone: 'refused' | 'trouble';
  title: string;
  body: string;
  /** What to quote to the shop's support, and how that is called. */
  reference?: { label: string; id: string } | null;
}

/** What happened and what to do next, in words, with a reference to quote to the support. */
export function Notice({ tone, title, body, reference = null }: NoticeProps) {
  return (
    <div className={tone === 'trouble' ? `${styles.notice} ${styles.trouble}` : styles.notice}>
      <p className={styles.title}>{title}</p>
      <p className={styles.body}>{body}</p>
      {reference !== null && (
        <p className={styles.reference}>
          {reference.label}: <code>{reference.id}</code>
        </p>
      )}
    </div>
  );
}
