import { formatMoment, formatUtc } from '@/console/lib/format';

/** A moment in the reader's zone, and in UTC to the millisecond for whoever points at it. */
export function Moment({ epochMs }: { epochMs: number }) {
  return (
    <time dateTime={new Date(epochMs).toISOString()} title={formatUtc(epochMs)}>
      {formatMoment(epochMs)}
    </time>
  );
}
