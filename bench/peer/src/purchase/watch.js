// Purchases by WATCH, MULTI and EXEC, each on a connection of its own.

import { setTimeout as sleep } from 'node:timers/promises';

import { Pool, PoolFull } from '../redis/pool.js';
import { newOrderId, writeReceipt } from '../sale.js';
import { refusal } from './refusal.js';

/** @typedef {import('./index.js').Attempt} Attempt */
/** @typedef {import('./index.js').Outcome} Outcome */

/**
 * @param {import('../config.js').Config} config
 * @param {import('ioredis').Redis} redis
 * @param {import('../sale.js').Sale} sale
 */
export async function createWatch(config, redis, sale) {
  const { keys } = sale;
  const pool = await Pool.open(config.redisUrl, config.poolSize);
  /** Once true it stays so, because no unit ever comes back. */
  let isSoldOut = false;

  /** @param {Attempt} attempt @returns {Promise<Outcome>} */
  async function buy(attempt) {
    const receiptKey = keys.receipt(attempt.user);
    if (isSoldOut) {
      // Only a past buyer can still hear anything else, and a look at the receipt needs no transaction.
      const receipt = await redis.get(receiptKey);
      return /** @type {Outcome} */ (refusal(attempt, sale, receipt, '0'));
    }
    const orderId = newOrderId();
    for (let tries = 0; tries <= config.maxRetries; tries += 1) {
      if (tries > 0) await sleep(jitter(tries));
      try {
        const outcome = await pool.lease((connection) =>
          transact(connection, attempt, receiptKey, orderId),
        );
        if (outcome) return outcome;
      } catch (error) {
        if (error instanceof PoolFull) break;
        throw error;
      }
    }
    return { kind: 'busy' };
  }

  /**
   * One try. Nothing comes back when somebody else was faster.
   *
   * @param {import('ioredis').Redis} connection
   * @param {Attempt} attempt
   * @param {string} receiptKey
   * @param {string} orderId
   * @returns {Promise<Outcome | undefined>}
   */
  async function transact(connection, attempt, receiptKey, orderId) {
    const [receipt, stock] = await readWatched(connection, [receiptKey, keys.stock]);
    const refused = refusal(attempt, sale, receipt, stock);
    if (refused) {
      isSoldOut ||= refused.kind === 'sold_out';
      // Nobody needs to wait for it: whatever comes next on this connection comes after it.
      connection.unwatch().catch(() => {});
      return refused;
    }
    const results = await connection
      .multi()
      .decr(keys.stock)
      .set(receiptKey, writeReceipt(orderId, attempt.idempotencyKey))
      .xadd(keys.orders, '*', 'user', attempt.user, 'order', orderId)
      .exec();
    if (results === null) return undefined;
    for (const [error] of results) if (error) throw error;
    return { kind: 'purchased', orderId };
  }

  /** Doubles with each conflict, and is spread so that those who met do not meet again. */
  function jitter(/** @type {number} */ tries) {
    return Math.random() * Math.min(config.backoffMs * 2 ** (tries - 1), 100);
  }

  return { buy, close: () => pool.close() };
}

/**
 * Watches keys and reads them: in one write, which Redis runs in this order.
 *
 * @param {import('ioredis').Redis} connection
 * @param {string[]} keys
 * @returns {Promise<(string | null)[]>}
 */
async function readWatched(connection, keys) {
  const results = await connection.pipeline().watch(keys).mget(keys).exec();
  if (results === null) throw new Error('no answer to WATCH');
  for (const [error] of results) if (error) throw error;
  return /** @type {(string | null)[]} */ (results[1][1]);
}
