import { useState } from 'react';

import { BrakePanel } from '@/console/features/brake/brake-panel';
import { PausedBanner } from '@/console/features/brake/paused-banner';
import { useBrake } from '@/console/features/brake/use-brake';
import { LiveAlerts } from '@/console/features/live/components/alerts';
import { Headline } from '@/console/features/live/components/headline';
import type { LiveFeed, LiveView } from '@/console/features/live/live-feed';
import { Plots } from '@/console/features/live/plots/plots';
import { OrdersView } from '@/console/features/orders/orders-view';
import { SettingsView } from '@/console/features/settings/settings-view';
import type { LiveState } from '@/console/lib/api/schemas';
import { formatCount, timeZoneName } from '@/console/lib/format';
import type { Session } from '@/console/lib/session';
import { words } from '@/console/lib/words';

import styles from './console.module.css';
import { Header } from './header';
import { useSale } from './use-sale';
import { useViewName } from './views';

interface PanelProps {
  session: Session;
  feed: LiveFeed;
  /** Changes with each sign-in. */
  epoch: number;
  view: LiveView & { state: LiveState; heard: NonNullable<LiveView['heard']> };
}

/** The whole instrument panel. Headline and brake stay, whichever view is below them. */
export function Panel({ session, feed, epoch, view }: PanelProps) {
  const { state, samples, heard, link } = view;
  const name = useViewName();
  const sale = useSale(session.client, `${epoch} ${link.kind}`);
  const brake = useBrake(async (paused) => {
    const answer = await session.client.setBrake(paused);
    // Also after a failure: what was stored is what the node says now.
    await feed.refresh();
    return answer;
  });
  const fresh = link.kind === 'live';
  const [signOutFailed, setSignOutFailed] = useState(false);

  const signOut = async () => {
    const answer = await session.signOut();
    const failed = answer.kind !== 'ok' && answer.kind !== 'unauthorized';
    setSignOutFailed(failed);
    if (!failed) feed.forget();
  };

  const phase = words.phase[state.paused && state.status !== 'ended' ? 'paused' : state.status];
  return (
    <div className={styles.console}>
      <title>{words.page.title(`${phase}, ${words.page.left(formatCount(state.stock))}`)}</title>
      <PausedBanner state={state} heardMs={heard.nodeMs} ask={brake.ask} />
      <Header
        sale={sale}
        link={link}
        name={name}
        signOutFailed={signOutFailed}
        onSignOut={() => void signOut()}
      />
      <main className={styles.main}>
        <LiveAlerts view={view} />
        <div className={styles.top}>
          <Headline view={view} state={state} sale={sale} brief={name !== 'live'} />
          <BrakePanel state={state} fresh={fresh} ask={brake.ask} />
        </div>
        {name === 'live' && (
          <Plots samples={samples} state={state} heardMs={heard.nodeMs} fresh={fresh} />
        )}
        {name === 'orders' && <OrdersView client={session.client} epoch={epoch} />}
        {name === 'settings' && sale !== null && <SettingsView sale={sale} />}
      </main>
      <footer className={styles.footer}>{words.page.timeZone(timeZoneName())}</footer>
      {brake.dialog}
    </div>
  );
}
