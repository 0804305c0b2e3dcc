import { expect, test } from 'vitest';

import { messages } from '@/lib/messages';

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

test.each([
  [0, 'Opens in 0 seconds'],
  [1_000, 'Opens in 1 second'],
  [61_000, 'Opens in 1 minute 1 second'],
  [7_200_000, 'Opens in 2 hours 0 seconds'],
  [90_000_000, 'Opens in 1 day 1 hour 0 seconds'],
])('%d ms is spoken as %j', (remainingMs, spoken) => {
  expect(messages.countdown.spoken('Opens in', countdownParts(remainingMs))).toBe(spoken);
});
