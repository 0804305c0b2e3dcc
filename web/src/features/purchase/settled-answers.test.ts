import { expect, test } from 'vitest';

import type { PurchaseAnswer } from '@/lib/api/answers';

import { isSettled } from './purchase-machine';

test.each<[PurchaseAnswer['kind'], boolean]>([
  ['purchased', true],
  ['already_purchased', true],
  ['sold_out', true],
  ['not_active', true],
  ['invalid_user', true],
  ['bad_request', true],
  ['busy', false],
  ['rate_limited', false],
  ['csrf', false],
  ['unauthorized', false],
  ['other_user', false],
  ['internal', false],
  ['unreadable', false],
  ['unreachable', false],
])('%s settles the intention: %s', (kind, settled) => {
  expect(isSettled({ kind } as PurchaseAnswer)).toBe(settled);
});
