import { useEffect, useState } from 'react';

import { LiveAlerts } from '@/console/features/live/components/alerts';
import { createLiveFeed, type LiveFeed } from '@/console/features/live/live-feed';
import type { Session } from '@/console/lib/session';
import { useStore } from '@/console/lib/store';
import { words } from '@/console/lib/words';

import styles from './console.module.css';
import { Panel } from './panel';
import { SignInAgain, SignInPage } from './sign-in';

/** Decides between the panel and the form that comes before it. */
export function Console({ session }: { session: Session }) {
  const [feed] = useState<LiveFeed>(() => createLiveFeed(session.client));
  const { signedOut, epoch } = useStore(session.state);
  const view = useStore(feed.view);

  useEffect(() => {
    if (!signedOut) return feed.start();
  }, [feed, signedOut]);

  if (view.state === null || view.heard === null) {
    return signedOut ? <SignInPage session={session} /> : <Waiting feed={feed} />;
  }
  return (
    <>
      <Panel
        session={session}
        feed={feed}
        epoch={epoch}
        view={{ ...view, state: view.state, heard: view.heard }}
      />
      {signedOut && <SignInAgain session={session} />}
    </>
  );
}

/** Before the first answer. */
function Waiting({ feed }: { feed: LiveFeed }) {
  const view = useStore(feed.view);
  return (
    <main className={styles.alone}>
      <h1 className={styles.brand}>{words.page.name}</h1>
      <p role="status">{words.page.asking}</p>
      <LiveAlerts view={view} />
    </main>
  );
}
