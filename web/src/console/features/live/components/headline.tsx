import type { ReactNode } from 'react';

import type { LiveState, Sale, Sample } from '@/console/lib/api/schemas';
import { formatClock, formatCount, formatMicros } from '@/console/lib/format';
import { words } from '@/console/lib/words';

import type { LiveView } from '../live-feed';
import { attemptsOf, peakOf } from '../samples';
import styles from './headline.module.css';
import { NodeState } from './node-state';
import { PhaseCountdown } from './phase-countdown';

interface HeadlineProps {
  view: LiveView;
  state: LiveState;
  /** `null` until it has come. */
  sale: Sale | null;
  /** Whether the rates are left out, for a view that has something else to show. */
  brief: boolean;
}

/** What matters most, in figures that can be read from across the room. */
export function Headline({ view, state, sale, brief }: HeadlineProps) {
  const { samples } = view;
  return (
    <section className={styles.headline} data-brief={brief} aria-label={words.headline.label}>
      <PhaseCountdown view={view} state={state} sale={sale} />
      <Stock state={state} />
      {!brief && <Rates samples={samples} />}
      <NodeState view={view} state={state} sale={sale} />
    </section>
  );
}

function Rates({ samples }: { samples: readonly Sample[] }) {
  return (
    <>
      <Rate
        name={words.headline.purchases}
        samples={samples}
        figure={({ outcomes }) => outcomes.purchased}
        format={formatCount}
      />
      <Rate
        name={words.headline.attempts}
        samples={samples}
        figure={attemptsOf}
        format={formatCount}
      />
      <Rate
        name={words.headline.latency}
        samples={samples}
        figure={({ latency }) => latency.p99Us}
        format={formatMicros}
        hideZero
      />
      <Rate
        name={words.headline.status}
        samples={samples}
        figure={({ statusRequests }) => statusRequests}
        format={formatCount}
      />
    </>
  );
}

interface FigureProps {
  name: string;
  value: ReactNode;
  below: ReactNode;
}

function Figure({ name, value, below }: FigureProps) {
  return (
    <div className={styles.cell}>
      <p className={styles.name}>{name}</p>
      <p className={styles.value}>{value}</p>
      <p className={styles.below}>{below}</p>
    </div>
  );
}

function Stock({ state: { sold, stock } }: { state: LiveState }) {
  const total = sold + stock;
  const share = total === 0 ? 0 : sold / total;
  const soldOf = words.headline.soldOf(formatCount(sold), formatCount(total));
  return (
    <div className={`${styles.cell} ${styles.stock}`}>
      <p className={styles.name}>{words.headline.left}</p>
      <p className={styles.value}>{formatCount(stock)}</p>
      <div
        className={styles.bar}
        role="meter"
        aria-label={words.headline.meter}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={sold}
        aria-valuetext={soldOf}
      >
        <div className={styles.fill} style={{ transform: `scaleX(${share})` }} />
      </div>
      <p className={styles.below}>{soldOf}</p>
    </div>
  );
}

interface RateProps {
  name: string;
  samples: readonly Sample[];
  figure: (sample: Sample) => number;
  format: (value: number) => string;
  /** Whether zero stands for no value at all. */
  hideZero?: boolean;
}

function Rate({ name, samples, figure, format, hideZero = false }: RateProps) {
  const newest = samples.at(-1);
  const now = newest === undefined ? null : figure(newest);
  const peak = peakOf(samples, figure);
  const nothing = now === null || (hideZero && now === 0);
  return (
    <Figure
      name={name}
      value={nothing ? words.headline.none : format(now)}
      below={
        peak === null
          ? words.headline.noPeak
          : words.headline.peak(format(peak.value), formatClock(peak.at))
      }
    />
  );
}
