import { Button } from '@/components/button';
import { Notice } from '@/components/notice';
import { useWords } from '@/lib/words';

import styles from './crashed.module.css';

/** Stands in the place of the page when it has made a mistake. */
export function Crashed() {
  const { messages } = useWords();
  return (
    <main className={styles.crash}>
      <div role="alert">
        <Notice tone="trouble" {...messages.crash} />
      </div>
      <Button onClick={() => location.reload()}>{messages.answers.reload}</Button>
    </main>
  );
}
