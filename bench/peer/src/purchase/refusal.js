// What refuses an attempt, in the order in which it counts.

import { readReceipt } from '../sale.js';

/**
 * The refusal of an attempt, or nothing if it may go on. A past buyer hears of the order in every
 * phase, and with the same idempotency key hears the original answer again.
 *
 * @param {import('./index.js').Attempt} attempt
 * @param {import('../sale.js').Sale} sale
 * @param {string | null | undefined} receipt
 * @param {string | null | undefined} stock
 * @returns {import('./index.js').Outcome | undefined}
 */
export function refusal(attempt, sale, receipt, stock) {
  if (receipt) return storedOutcome(attempt, receipt);
  const now = Date.now();
  if (now < sale.startsAt) return { kind: 'not_active', phase: 'upcoming' };
  if (now >= sale.endsAt) return { kind: 'not_active', phase: 'ended' };
  return Number(stock) > 0 ? undefined : { kind: 'sold_out' };
}

/**
 * @param {import('./index.js').Attempt} attempt
 * @param {string} receipt
 * @returns {import('./index.js').Outcome}
 */
export function storedOutcome(attempt, receipt) {
  const { orderId, idempotencyKey } = readReceipt(receipt);
  const isSame = idempotencyKey !== '' && idempotencyKey === attempt.idempotencyKey;
  return { kind: isSame ? 'purchased' : 'already_purchased', orderId };
}
