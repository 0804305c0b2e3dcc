import type { Sample } from '@/console/lib/api/schemas';

/** As much as a node keeps; older samples are dropped here as well. */
export const SAMPLES_MAX = 900;
const SAMPLE_MS = 1_000;
const HISTORY_MS = SAMPLES_MAX * SAMPLE_MS;

/**
 * Adds what a node has sent to what is kept, in order of time. A node that was restarted counts its
 * samples from the start again, so time joins old and new, and what is sent again replaces what was.
 */
export function withFresh(kept: readonly Sample[], fresh: readonly Sample[]): readonly Sample[] {
  const [first] = fresh;
  const newest = fresh.at(-1);
  if (first === undefined || newest === undefined) return kept;
  return [...kept.filter(({ at }) => at < first.at), ...fresh]
    .filter(({ at }) => at > newest.at - HISTORY_MS)
    .slice(-SAMPLES_MAX);
}

/** A row of the plots: a sample, or nothing where seconds are missing. */
export interface Row {
  at: number;
  sample: Sample | null;
}

/** A line must not run across a time of which nothing is known, so such a time gets an empty row. */
export function rowsOf(samples: readonly Sample[]): Row[] {
  const rows: Row[] = [];
  let previousAt: number | null = null;
  for (const sample of samples) {
    if (previousAt !== null && sample.at - previousAt > 2.5 * SAMPLE_MS) {
      rows.push({ at: previousAt + SAMPLE_MS, sample: null });
    }
    rows.push({ at: sample.at, sample });
    previousAt = sample.at;
  }
  return rows;
}

/** Every attempt of a second, whatever came of it. */
export function attemptsOf({ outcomes }: Sample): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0);
}

/** For how long of what is kept the node could not take orders. */
export function notReadyMs(samples: readonly Sample[]): number {
  return samples.filter(({ ready }) => !ready).length * SAMPLE_MS;
}

/** Where a figure was highest, or `null` if it never rose. */
export function peakOf(
  samples: readonly Sample[],
  figure: (sample: Sample) => number,
): { value: number; at: number } | null {
  let peak: { value: number; at: number } | null = null;
  for (const sample of samples) {
    const value = figure(sample);
    if (value > (peak?.value ?? 0)) peak = { value, at: sample.at };
  }
  return peak;
}
