import { Button } from '@/console/components/button';
import type { LiveState } from '@/console/lib/api/schemas';
import { formatClock, formatSpan } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import styles from './brake.module.css';

interface PausedBannerProps {
  state: LiveState;
  /** The node's time of the last answer. */
  heardMs: number;
  ask: (pause: boolean) => void;
}

/** Stands over everything for as long as nobody can buy. */
export function PausedBanner({ state: { paused, pausedAt }, heardMs, ask }: PausedBannerProps) {
  return (
    <>
      <p className="visuallyHidden" role="status">
        {paused ? words.brake.news.paused : words.brake.news.selling}
      </p>
      {paused && (
        <section className={styles.banner} aria-label={words.brake.banner}>
          <p className={styles.bannerWords}>
            <strong>{words.brake.banner}</strong>{' '}
            {pausedAt !== null &&
              words.brake.bannerSince(formatClock(pausedAt), formatSpan(heardMs - pausedAt))}
          </p>
          <Button onClick={() => ask(false)}>{words.brake.goOn}</Button>
        </section>
      )}
    </>
  );
}
