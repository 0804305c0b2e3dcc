import { expect, test } from 'vitest';

import type { Sample } from '@/console/lib/api/schemas';
import { sampleOf } from '@/console/testing/fixtures';

import { rowsOf } from '../samples';
import { columnsOf, highestOf, lonersOf } from './columns';
import { PLOTS, type SeriesDefinition } from './definitions';

const queue: SeriesDefinition = { label: 'Queue', colour: '--x', value: ({ queue: q }) => q };
const rows = rowsOf(
  [0, 0, 4, 0, 0, 0].map((value, index) => sampleOf(index + 1, { queue: value })),
);

test('a line is a column beside the times in seconds', () => {
  expect(columnsOf(rows, [queue])).toEqual([
    [1, 2, 3, 4, 5, 6],
    [0, 0, 4, 0, 0, 0],
  ]);
});

test('where a line lies on the floor it is left out, but not where it rises and falls', () => {
  expect(columnsOf(rows, [{ ...queue, hideZero: true }])[1]).toEqual([null, 0, 4, 0, null, null]);
});

test('a time without samples breaks the line', () => {
  const broken = rowsOf([sampleOf(1, { queue: 1 }), sampleOf(9, { queue: 2 })]);
  expect(columnsOf(broken, [queue])[1]).toEqual([1, null, 2]);
});

test('a value that no line leads to is found', () => {
  expect(lonersOf([5])).toEqual([0]);
  expect(lonersOf([null, 0, null, 1, 2, null, 3])).toEqual([1, 6]);
  expect(lonersOf([])).toEqual([]);
});

test('the highest value is found, and that there is none', () => {
  expect(highestOf(rows, queue)).toBe(4);
  expect(highestOf(rows, { value: () => null })).toBeNull();
});

test('a second without purchases has no latency, rather than one of zero', () => {
  const quiet = rowsOf([sampleOf(1)]);
  const line = PLOTS.find(({ id }) => id === 'latency')?.series ?? [];
  expect(line.map((series) => highestOf(quiet, series))).toEqual([null, null, null, null]);
});

test('every outcome has a line, and no two lines of a plot look alike', () => {
  const names = Object.keys(sampleOf(1).outcomes) as (keyof Sample['outcomes'])[];
  const lines = PLOTS.find(({ id }) => id === 'attempts')?.series ?? [];
  const drawn = names.map((name) => {
    const sample = sampleOf(1, { outcomes: { ...sampleOf(1).outcomes, [name]: 7 } });
    return lines.filter(({ value }) => value(sample) === 7).length;
  });
  expect(drawn).toEqual(names.map(() => 1));
  for (const { series } of PLOTS) {
    const looks = new Set(series.map(({ colour }) => colour));
    expect(looks.size).toBe(series.length);
  }
});
