import { expect, test } from 'vitest';

import { decades, fromZeroRange, linearMarks, linearRange, logRange } from './scales';

test.each([
  [null, 5],
  [3, 5],
  [6, 6],
  [7, 8],
  [120, 150],
  [500, 500],
  [501, 600],
  [950, 1_000],
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

test.each([
  [5, [0, 1, 2, 3, 4, 5]],
  [10, [0, 2, 4, 6, 8, 10]],
  [150, [0, 50, 100, 150]],
  [3_000, [0, 1_000, 2_000, 3_000]],
  [20_000, [0, 5_000, 10_000, 15_000, 20_000]],
])('marks up to %s are round', (max, marks) => {
  expect(linearMarks(max)).toEqual(marks);
});

test('every end of a linear axis has marks between', () => {
  for (let highest = 0; highest < 2_000; highest += 1) {
    expect(linearMarks(linearRange(highest)[1]).length).toBeGreaterThan(3);
  }
});
