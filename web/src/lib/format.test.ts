import { expect, test } from 'vitest';

import { createFormats } from './format';

const NOON = new Date(2026, 11, 1, 12, 5).getTime();

// Only what every version of the locales' data has: commas and spaces around it differ.
test.each([
  ['en-US', '1,234', /^Tue,? Dec 1,? 12:05$/, /^December 1, 2026 at 12:05\sPM$/],
  ['en-GB', '1,234', /^Tue,? 1 Dec,? 12:05$/, /^1 December 2026 at 12:05$/],
  ['de', '1.234', /^Di\.,? 1\. Dez\.,? 12:05$/, /^1\. Dezember 2026 um 12:05$/],
])('%s', (locale, count, moment, date) => {
  const formats = createFormats(locale);
  expect(formats.count(1_234)).toBe(count);
  expect(formats.moment(NOON)).toMatch(moment);
  expect(formats.date(NOON)).toMatch(date);
});
