// Purchases by one Lua script each. Redis runs a script as one step, so all requests may share the
// connection.

import { readFile } from 'node:fs/promises';

import { newOrderId, writeReceipt } from '../sale.js';
import { storedOutcome } from './refusal.js';

/** @typedef {import('./index.js').Attempt} Attempt */
/** @typedef {import('./index.js').Outcome} Outcome */

/**
 * @param {import('ioredis').Redis} redis
 * @param {import('../sale.js').Sale} sale
 */
export async function createScript(redis, sale) {
  const { keys, startsAt, endsAt } = sale;
  const lua = await readFile(new URL('purchase.lua', import.meta.url), 'utf8');
  // The client sends the hash of the script, and the text only to a server that does not know it.
  redis.defineCommand('purchase', { numberOfKeys: 3, lua });
  const { purchase } = /** @type {any} */ (redis);

  /** @param {Attempt} attempt @returns {Promise<Outcome>} */
  async function buy(attempt) {
    const { user } = attempt;
    const orderId = newOrderId();
    const receipt = writeReceipt(orderId, attempt.idempotencyKey);
    /** @type {string | number} */
    const result = await purchase.call(
      redis,
      keys.receipt(user),
      keys.stock,
      keys.orders,
      user,
      orderId,
      receipt,
      startsAt,
      endsAt,
    );
    switch (result) {
      case 1:
        return { kind: 'purchased', orderId };
      case 0:
        return { kind: 'sold_out' };
      case -1:
        return { kind: 'not_active', phase: 'upcoming' };
      case -2:
        return { kind: 'not_active', phase: 'ended' };
      default:
        return storedOutcome(attempt, String(result));
    }
  }

  return { buy, close() {} };
}
