import { expect, test } from 'vitest';

import { checkBuyerId } from './buyer-id';

test.each([
  ['ada', 'ada'],
  ['  ada@example.com \t', 'ada@example.com'],
  ['\u0085\u00a0\u2003ada\u2028', 'ada'],
  // Three scalar values, though six UTF-16 units.
  ['🙂🙂🙂', '🙂🙂🙂'],
  ['x'.repeat(254), 'x'.repeat(254)],
  // No white space to Unicode, so it belongs to the id, as it does for the server.
  ['\ufeffab', '\ufeffab'],
])('%j is taken as %j', (typed, userId) => {
  expect(checkBuyerId(typed)).toEqual({ ok: true, userId });
});

test.each([
  ['', 'empty'],
  [' \n ', 'empty'],
  [' ab ', 'too_short'],
  ['🙂🙂', 'too_short'],
  ['x'.repeat(255), 'too_long'],
  ['ada\u0000', 'control_characters'],
  ['a\u0085da', 'control_characters'],
])('%j is refused as %s', (typed, problem) => {
  expect(checkBuyerId(typed)).toEqual({ ok: false, problem });
});
