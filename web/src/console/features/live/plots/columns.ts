import type { Row } from '../samples';
import type { SeriesDefinition } from './definitions';

export type Column = (number | null)[];

/** What uPlot draws: the times in seconds, and a column of values for each line. */
export function columnsOf(
  rows: readonly Row[],
  series: readonly SeriesDefinition[],
): [number[], ...Column[]] {
  return [rows.map(({ at }) => at / 1_000), ...series.map((line) => columnOf(rows, line))];
}

function columnOf(rows: readonly Row[], { value, hideZero = false }: SeriesDefinition): Column {
  const column = rows.map(({ sample }) => (sample === null ? null : value(sample)));
  if (!hideZero) return column;
  // A zero beside a value stays: there the line rises from the floor, or comes down to it.
  const isZero = (index: number) => (column[index] ?? 0) === 0;
  return column.map((current, index) =>
    isZero(index) && isZero(index - 1) && isZero(index + 1) ? null : current,
  );
}

/** Where a value stands alone: no line leads to it, so it is drawn as a point. */
export function lonersOf(column: ArrayLike<number | null | undefined>): number[] {
  const isBlank = (index: number) => (column[index] ?? null) === null;
  return Array.from(column, (_, index) => index).filter(
    (index) => !isBlank(index) && isBlank(index - 1) && isBlank(index + 1),
  );
}

/** The highest value of a line in the rows, or `null` without any. */
export function highestOf(
  rows: readonly Row[],
  { value }: Pick<SeriesDefinition, 'value'>,
): number | null {
  let highest: number | null = null;
  for (const { sample } of rows) {
    const current = sample === null ? null : value(sample);
    if (current !== null && current > (highest ?? -1)) highest = current;
  }
  return highest;
}
