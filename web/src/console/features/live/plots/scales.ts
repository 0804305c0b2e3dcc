/** Ranges and marks of the vertical axes. */

const EMPTY_TOP = 5;
/** Times a power of ten, each of them can be parted into round steps. */
const ROUND_ENDS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
const ROUND_STEPS = [1, 2, 5];
const LOG_MICROS_EMPTY: Range = [100, 100_000];

export type Range = [min: number, max: number];

/** From zero to a round number at or above the highest value. */
export function linearRange(highest: number | null): Range {
  if (highest === null || highest <= EMPTY_TOP) return [0, EMPTY_TOP];
  const magnitude = 10 ** Math.floor(Math.log10(highest));
  const end = ROUND_ENDS.find((factor) => factor * magnitude >= highest) ?? 10;
  return [0, end * magnitude];
}

/** From zero to the power of ten at or above the highest value. */
export function fromZeroRange(highest: number | null): Range {
  return [0, 10 ** Math.max(1, Math.ceil(Math.log10(Math.max(1, highest ?? 0))))];
}

/** Whole powers of ten around the values, at least one decade. */
export function logRange(lowest: number | null, highest: number | null): Range {
  if (lowest === null || highest === null || highest <= 0) return LOG_MICROS_EMPTY;
  const from = 10 ** Math.floor(Math.log10(Math.max(1, lowest)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(1, highest)));
  return [from, Math.max(to, from * 10)];
}

/** Powers of ten from one limit to the other. From zero, 10 is the first: 1 would touch the zero. */
export function decades(min: number, max: number): number[] {
  const marks = min <= 0 ? [0] : [];
  const first = min <= 0 ? 1 : Math.round(Math.log10(min));
  for (let power = first; 10 ** power <= max * 1.000_001; power += 1) marks.push(10 ** power);
  return marks;
}

/** Marks at round distances, six at most. */
export function linearMarks(max: number): number[] {
  const parts = [4, 5, 3].find((count) => isRound(max / count)) ?? 1;
  return Array.from({ length: parts + 1 }, (_, index) => (max / parts) * index);
}

function isRound(step: number): boolean {
  const magnitude = 10 ** Math.floor(Math.log10(step));
  return ROUND_STEPS.some((round) => Math.abs(step / magnitude - round) < 1e-9);
}
