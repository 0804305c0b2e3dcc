// BROKEN ON PURPOSE. Do not copy it, and do not mend it: the load tester must catch what it does.
//
// It looks like `watch.js`, but all requests share one connection. To Redis they are one client, with
// one set of watched keys: the EXEC of one request ends the WATCH of every other, and their own EXEC
// then passes whatever has changed meanwhile. So it sells more units than there are, and several to
// one user. Real projects are written like this.

import { connect } from '../redis/connect.js';
import { newOrderId, writeReceipt } from '../sale.js';
import { refusal } from './refusal.js';

/** @typedef {import('./index.js').Attempt} Attempt */
/** @typedef {import('./index.js').Outcome} Outcome */

/**
 * @param {import('../config.js').Config} config
 * @param {import('../sale.js').Sale} sale
 */
export async function createShared(config, sale) {
  const { keys } = sale;
  const redis = await connect(config.redisUrl);

  /** @param {Attempt} attempt @returns {Promise<Outcome>} */
  async function buy(attempt) {
    const receiptKey = keys.receipt(attempt.user);
    for (let tries = 0; tries <= config.maxRetries; tries += 1) {
      await redis.watch(receiptKey, keys.stock);
      const stock = await redis.get(keys.stock);
      const receipt = await redis.get(receiptKey);
      const refused = refusal(attempt, sale, receipt, stock);
      if (refused) {
        await redis.unwatch();
        return refused;
      }
      const orderId = newOrderId();
      const results = await redis
        .multi()
        .decr(keys.stock)
        .set(receiptKey, writeReceipt(orderId, attempt.idempotencyKey))
        .xadd(keys.orders, '*', 'user', attempt.user, 'order', orderId)
        .exec();
      if (results !== null) return { kind: 'purchased', orderId };
    }
    return { kind: 'busy' };
  }

  return { buy, close: () => redis.disconnect() };
}
