import { expect, test } from 'vitest';

import { sampleOf } from '@/console/testing/fixtures';

import { attemptsOf, notReadyMs, peakOf, rowsOf, SAMPLES_MAX, withFresh } from './samples';

const seconds = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => sampleOf(from + index));

test('keeps no more than a quarter of an hour', () => {
  const kept = withFresh(seconds(1, SAMPLES_MAX), seconds(SAMPLES_MAX + 1, SAMPLES_MAX + 3));
  expect(kept).toHaveLength(SAMPLES_MAX);
  expect(kept.at(0)?.sequence).toBe(4);
});

test('drops what is too old, although there would be room', () => {
  const kept = withFresh(seconds(1, 10), [sampleOf(905)]);
  expect(kept.map(({ sequence }) => sequence)).toEqual([6, 7, 8, 9, 10, 905]);
});

test('what is sent again is there once', () => {
  const kept = withFresh(seconds(1, 5), seconds(4, 7));
  expect(kept.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('without news it stays the same list, so that nothing is drawn anew', () => {
  const kept = seconds(1, 5);
  expect(withFresh(kept, [])).toBe(kept);
});

test('a time without samples gets an empty row', () => {
  const rows = rowsOf([sampleOf(1), sampleOf(2), sampleOf(30)]);
  expect(rows.map(({ at, sample }) => [at, sample === null])).toEqual([
    [1_000, false],
    [2_000, false],
    [3_000, true],
    [30_000, false],
  ]);
});

test('counts every attempt, and finds the peak', () => {
  const outcomes = { ...sampleOf(1).outcomes, purchased: 3, soldOut: 40 };
  const samples = [sampleOf(1), sampleOf(2, { outcomes }), sampleOf(3)];
  expect(samples.map(attemptsOf)).toEqual([0, 43, 0]);
  expect(peakOf(samples, attemptsOf)).toEqual({ value: 43, at: 2_000 });
  expect(peakOf([sampleOf(1)], attemptsOf)).toBeNull();
});

test('adds up the seconds in which the node took no orders', () => {
  const samples = [sampleOf(1), sampleOf(2, { ready: false }), sampleOf(9, { ready: false })];
  expect(notReadyMs(samples)).toBe(2_000);
});
