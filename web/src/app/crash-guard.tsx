import { Component, type ContextType, type ReactNode } from 'react';

import { Button } from '@/components/button';
import { Notice } from '@/components/notice';
import { WordsContext } from '@/lib/words';

import styles from './crash-guard.module.css';

/** A mistake in the page must not leave a buyer before an empty one in the minute that counts. */
export class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  static override contextType = WordsContext;
  declare context: ContextType<typeof WordsContext>;

  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    if (!this.state.crashed || this.context === null) return this.props.children;
    const { messages } = this.context;
    return (
      <main className={styles.crash}>
        <div role="alert">
          <Notice tone="trouble" {...messages.crash} />
        </div>
        <Button onClick={() => location.reload()}>{messages.answers.reload}</Button>
      </main>
    );
  }
}
