import { FailureWords, Notice } from '@/console/components/notice';
import { formatClock, formatSpan } from '@/console/lib/format';
import { useNow } from '@/console/lib/use-now';
import { words } from '@/console/lib/words';

import type { Link, LiveView } from '../live-feed';

/** Why this node takes no orders, and since when it has not been heard. */
export function LiveAlerts({ view: { state, link } }: { view: LiveView }) {
  return (
    <>
      <div role="alert">
        {state !== null && !state.ready && (
          <Notice loud title={words.headline.troubleTitle}>
            <ul>
              {state.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
            <p>{words.headline.troubleBody}</p>
          </Notice>
        )}
      </div>
      {link.kind === 'away' && link.failure.kind !== 'unauthorized' && <Away link={link} />}
    </>
  );
}

/** No live region: it counts seconds, and the state of the link is read out in the header. */
function Away({ link: { sinceMs, failure } }: { link: Extract<Link, { kind: 'away' }> }) {
  const { wallMs } = useNow();
  const title =
    sinceMs === null
      ? words.link.awayNever
      : words.link.awayTitle(formatClock(sinceMs), formatSpan(wallMs - sinceMs));
  return (
    <Notice title={title}>
      <FailureWords failure={failure} />
      <p>{words.link.awayBody}</p>
    </Notice>
  );
}
