import { Component, type ReactNode } from 'react';

import { Button } from '@/console/components/button';
import { Notice } from '@/console/components/notice';
import { words } from '@/console/lib/words';

import styles from './console.module.css';

/** A mistake in the console must not leave its reader before an empty page. */
export class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    if (!this.state.crashed) return this.props.children;
    return (
      <main className={styles.alone}>
        <div role="alert">
          <Notice title={words.page.crashTitle}>{words.page.crashBody}</Notice>
        </div>
        <Button onClick={() => location.reload()}>{words.page.reload}</Button>
      </main>
    );
  }
}
