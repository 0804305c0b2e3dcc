import type { LiveState, OutcomeName, Sample } from '@/console/lib/api/schemas';
import { formatCount, formatMicros, formatTenths } from '@/console/lib/format';

/** One line of a plot. Colour and dashes together make it another one also in grey. */
export interface SeriesDefinition {
  label: string;
  /** What the line stands for, where two words do not say it. */
  hint?: string;
  /** The name of a variable of the style sheet. */
  colour: string;
  dash?: number[];
  width?: number;
  /** Whether a time in which all is zero is left blank, so that lines do not pile up on the floor. */
  hideZero?: boolean;
  value: (sample: Sample) => number | null;
}

export interface PlotDefinition {
  id: string;
  title: string;
  /** `fromZero` is linear near zero and logarithmic above, so that 3 shows beside 30,000. */
  scale: 'linear' | 'fromZero' | 'logMicros';
  format: (value: number) => string;
  series: SeriesDefinition[];
  /** The bound that belongs to the figures. */
  bound?: (state: LiveState) => string;
}

const DASHED = [6, 4];
const DOTTED = [2, 3];

const outcome = (
  name: OutcomeName,
  rest: Omit<SeriesDefinition, 'value' | 'hideZero'>,
): SeriesDefinition => ({ ...rest, hideZero: true, value: ({ outcomes }) => outcomes[name] });

const latency = (part: 'p50Us' | 'p90Us' | 'p99Us' | 'maxUs') => (sample: Sample) =>
  sample.latency.count === 0 ? null : sample.latency[part];
const commit = (part: 'p50Us' | 'p99Us' | 'maxUs') => (sample: Sample) =>
  sample.commit.count === 0 ? null : sample.commit[part];

export const PLOTS: PlotDefinition[] = [
  {
    id: 'attempts',
    title: 'Attempts a second, by outcome',
    scale: 'fromZero',
    format: formatCount,
    series: [
      outcome('purchased', { label: 'Purchased', colour: '--plot-ink', width: 2.25 }),
      outcome('alreadyPurchased', { label: 'Has one', colour: '--plot-blue' }),
      outcome('soldOut', { label: 'Sold out', colour: '--plot-green' }),
      outcome('notActive', { label: 'Not open', colour: '--plot-purple' }),
      outcome('paused', { label: 'Paused', colour: '--plot-amber', dash: DASHED }),
      outcome('busy', { label: 'Busy', colour: '--plot-olive', dash: DOTTED, width: 2 }),
      outcome('rateLimited', {
        label: 'Too often',
        hint: 'Too many from one address, or for one user',
        colour: '--plot-grey',
        dash: DOTTED,
        width: 2,
      }),
      outcome('refused', {
        label: 'Refused',
        hint: 'No valid CSRF token, or a request that makes no sense',
        colour: '--plot-sky',
        dash: DASHED,
      }),
      outcome('failed', {
        label: 'Failed',
        hint: 'Answered with a server error',
        colour: '--plot-red',
        width: 2.25,
      }),
    ],
  },
  {
    id: 'stock',
    title: 'Units',
    scale: 'linear',
    format: formatCount,
    series: [
      { label: 'Sold', colour: '--plot-red', value: ({ sold }) => sold },
      { label: 'Left', colour: '--plot-ink', dash: DASHED, value: ({ left }) => left },
    ],
  },
  {
    id: 'latency',
    title: 'Latency of purchases',
    scale: 'logMicros',
    format: formatMicros,
    series: [
      { label: 'p50', hint: 'Half are quicker', colour: '--plot-ink', value: latency('p50Us') },
      {
        label: 'p90',
        hint: 'Nine of ten are quicker',
        colour: '--plot-blue',
        dash: DASHED,
        value: latency('p90Us'),
      },
      {
        label: 'p99',
        hint: '99 of 100 are quicker',
        colour: '--plot-red',
        value: latency('p99Us'),
      },
      { label: 'max', colour: '--plot-amber', dash: DOTTED, value: latency('maxUs') },
    ],
  },
  {
    id: 'commit',
    title: 'Time of a commit',
    scale: 'logMicros',
    format: formatMicros,
    series: [
      { label: 'p50', colour: '--plot-ink', value: commit('p50Us') },
      { label: 'p99', colour: '--plot-red', value: commit('p99Us') },
      { label: 'max', colour: '--plot-amber', dash: DOTTED, value: commit('maxUs') },
    ],
  },
  {
    id: 'queue',
    title: 'Queue and batches',
    scale: 'fromZero',
    format: formatTenths,
    bound: ({ queueMax }) => `queue up to ${formatCount(queueMax)}`,
    series: [
      { label: 'Waiting', colour: '--plot-red', value: ({ queue }) => queue },
      {
        label: 'Batch, mean',
        colour: '--plot-ink',
        value: ({ batches, batchMean }) => (batches === 0 ? null : batchMean),
      },
      {
        label: 'Batch, largest',
        colour: '--plot-blue',
        dash: DASHED,
        value: ({ batches, batchMax }) => (batches === 0 ? null : batchMax),
      },
    ],
  },
  {
    id: 'connections',
    title: 'Open connections and streams',
    scale: 'linear',
    format: formatCount,
    bound: ({ connectionsMax, streamsMax }) =>
      `up to ${formatCount(connectionsMax)} and ${formatCount(streamsMax)}`,
    series: [
      { label: 'Connections', colour: '--plot-ink', value: ({ connections }) => connections },
      {
        label: 'Event streams',
        colour: '--plot-blue',
        dash: DASHED,
        value: ({ streams }) => streams,
      },
    ],
  },
];
