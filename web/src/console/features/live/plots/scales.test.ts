import { expect, test } from 'vitest';

import { decades, fromZeroRange, linearMarks, linearRange, logRange } from './scales';

test.each([
  [null, 5],
  [3, 5],
  [6, 10],
  [120, 200],
  [500, 500],
  [501, 1_000],
])('a linear axis for values up to %s ends at %s', (highest, end) => {
  expect(linearRange(highest)).toEqual([0, end]);
});

test.each([
  [null, 10],
  [0, 10],
  [11, 100],
  [38_000, 100_000],
])('an axis from zero for values up to %s ends at %s', (highest, end) => {
  expect(fromZeroRange(highest)).toEqual([0, end]);
});

test('a logarithmic axis spans whole decades, and has one without values', () => {
  expect(logRange(850, 42_000)).toEqual([100, 100_000]);
  expect(logRange(1_000, 1_000)).toEqual([1_000, 10_000]);
  expect(logRange(null, null)).toEqual([100, 100_000]);
});

test('marks stand at zero and at the powers of ten', () => {
  expect(decades(0, 1_000)).toEqual([0, 10, 100, 1_000]);
  expect(decades(100, 10_000)).toEqual([100, 1_000, 10_000]);
});

test('marks of a linear axis are whole numbers where the end allows it', () => {
  expect(linearMarks(200)).toEqual([0, 50, 100, 150, 200]);
  expect(linearMarks(5)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(linearMarks(10)).toEqual([0, 2, 4, 6, 8, 10]);
});
