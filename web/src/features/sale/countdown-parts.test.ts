import { expect, test } from 'vitest';

import { countdownParts, twoDigits } from './countdown-parts';

test.each([
  [0, [0, 0, 0, 0]],
  [-5_000, [0, 0, 0, 0]],
  // A begun second counts as one, so zero is shown only when it is over.
  [1, [0, 0, 0, 1]],
  [1_000, [0, 0, 0, 1]],
  [1_001, [0, 0, 0, 2]],
  [59_999, [0, 0, 1, 0]],
  [3_599_000, [0, 0, 59, 59]],
  [86_399_001, [1, 0, 0, 0]],
  [11 * 86_400_000 + 3_661_000, [11, 1, 1, 1]],
])('%d ms', (remainingMs, [days, hours, minutes, seconds]) => {
  expect(countdownParts(remainingMs)).toEqual({ days, hours, minutes, seconds });
});

test('digits keep their places', () => {
  expect(twoDigits(0)).toBe('00');
  expect(twoDigits(7)).toBe('07');
  expect(twoDigits(365)).toBe('365');
});
