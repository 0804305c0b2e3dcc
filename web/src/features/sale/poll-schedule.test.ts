import { expect, test } from 'vitest';

import { pollDelayMs } from './poll-schedule';

test.each([
  ['usually', { failuresInARow: 0, hidden: false }, [2_400, 3_600]],
  ['after a failure', { failuresInARow: 1, hidden: false }, [4_800, 7_200]],
  ['after three', { failuresInARow: 3, hidden: false }, [19_200, 28_800]],
  ['after very many', { failuresInARow: 2_000, hidden: false }, [24_000, 36_000]],
  ['unseen', { failuresInARow: 0, hidden: true }, [24_000, 36_000]],
  ['unseen and failing', { failuresInARow: 9, hidden: true }, [24_000, 36_000]],
])('%s', (_name, situation, [shortest, longest]) => {
  expect(pollDelayMs(situation, 0)).toBe(shortest);
  expect(pollDelayMs(situation, 1)).toBe(longest);
});
