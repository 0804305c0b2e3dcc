import { expect, test } from 'vitest';

import { de } from './de';
import { en } from './en';

/** The paths of all texts, and of what makes texts, in an object of words. */
function paths(words: object, above = ''): string[] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? paths(value, `${above}${key}.`)
      : [`${above}${key}`],
  );
}

test('no text is missing in a language, and none is left over', () => {
  expect(paths(de)).toEqual(paths(en));
});

test.each([
  ['English', en, 'Opens in 1 day 1 hour 0 seconds', 'Opens in 2 minutes 1 second'],
  ['German', de, 'Beginnt in 1 Tag 1 Stunde 0 Sekunden', 'Beginnt in 2 Minuten 1 Sekunde'],
])('a countdown is spoken in good %s', (_name, words, long, short) => {
  const { spoken, toStart } = words.countdown;
  expect(spoken(toStart, { days: 1, hours: 1, minutes: 0, seconds: 0 })).toBe(long);
  expect(spoken(toStart, { days: 0, hours: 0, minutes: 2, seconds: 1 })).toBe(short);
});

test.each([
  [1, '1 second', '1 Sekunde'],
  [2_100, '3 seconds', '3 Sekunden'],
  [121_000, '3 minutes', '3 Minuten'],
])('a wait of %d ms is told in whole units, rounded up', (ms, english, german) => {
  expect([en.wait(ms), de.wait(ms)]).toEqual([english, german]);
});
