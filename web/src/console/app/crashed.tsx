import { Button } from '@/console/components/button';
import { Notice } from '@/console/components/notice';
import { words } from '@/console/lib/words';

import styles from './console.module.css';

/** Stands in the place of the console when it has made a mistake. */
export function Crashed() {
  return (
    <main className={styles.alone}>
      <div role="alert">
        <Notice title={words.page.crashTitle}>{words.page.crashBody}</Notice>
      </div>
      <Button onClick={() => location.reload()}>{words.page.reload}</Button>
    </main>
  );
}
