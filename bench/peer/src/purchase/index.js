// The three ways to purchase, behind one function.

import { createScript } from './script.js';
import { createShared } from './shared.js';
import { createWatch } from './watch.js';

/**
 * @typedef {object} Attempt
 * @property {string} user canonical
 * @property {string} idempotencyKey empty if there is none
 */

/**
 * @typedef {{ kind: 'purchased' | 'already_purchased', orderId: string }
 *   | { kind: 'sold_out' }
 *   | { kind: 'not_active', phase: 'upcoming' | 'ended' }
 *   | { kind: 'busy' }} Outcome
 */

/**
 * @typedef {object} Purchase
 * @property {(attempt: Attempt) => Promise<Outcome>} buy
 * @property {() => void} close
 */

/**
 * @param {import('../config.js').Config} config
 * @param {import('ioredis').Redis} redis
 * @param {import('../sale.js').Sale} sale
 * @returns {Promise<Purchase>}
 */
export async function createPurchase(config, redis, sale) {
  if (config.strategy === 'script') return createScript(redis, sale);
  if (config.strategy === 'shared') return createShared(config, sale);
  return createWatch(config, redis, sale);
}
