// The sale as it is stored: its keys, its window and its receipts.

import { randomUUID } from 'node:crypto';

/** @typedef {import('ioredis').Redis} Redis */

/**
 * @typedef {object} Sale
 * @property {string} id
 * @property {number} total units when the sale began
 * @property {number} startsAt epoch milliseconds
 * @property {number} endsAt epoch milliseconds
 * @property {string} productId
 * @property {string} productDescription
 * @property {Keys} keys
 */

/**
 * @typedef {object} Keys
 * @property {string} total
 * @property {string} stock what remains
 * @property {string} orders the stream of orders
 * @property {string} csrf the key of the tokens against forged requests
 * @property {(user: string) => string} receipt
 */

/**
 * The stored sale, or a new one. Nothing that exists is changed, unless `reset` asks for it.
 *
 * @param {Redis} redis
 * @param {import('./config.js').Config} config
 * @returns {Promise<Sale>}
 */
export async function openSale(redis, config) {
  const prefix = `peer:{${config.saleId}}:`;
  if (config.reset) await remove(redis, prefix);
  const keys = {
    total: `${prefix}total`,
    stock: `${prefix}stock`,
    orders: `${prefix}orders`,
    csrf: `${prefix}csrf`,
    receipt: (/** @type {string} */ user) => `${prefix}user:${user}`,
  };
  // Both or neither, so that a restart never fills a sale up again.
  await redis.msetnx(keys.total, config.stock, keys.stock, config.stock);
  const total = Number(await redis.get(keys.total));

  const { saleId: id, startsAt, endsAt, productId, productDescription } = config;
  return { id, total, startsAt, endsAt, productId, productDescription, keys };
}

/**
 * What is stored for a user: the order, and the idempotency key that it was bought with.
 *
 * @param {string} orderId
 * @param {string} idempotencyKey empty if there is none
 */
export function writeReceipt(orderId, idempotencyKey) {
  return `${orderId} ${idempotencyKey}`;
}

/** @param {string} receipt */
export function readReceipt(receipt) {
  const space = receipt.indexOf(' ');
  return { orderId: receipt.slice(0, space), idempotencyKey: receipt.slice(space + 1) };
}

export function newOrderId() {
  return randomUUID();
}

/**
 * @param {Redis} redis
 * @param {string} prefix
 */
async function remove(redis, prefix) {
  const match = `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
  for await (const keys of redis.scanStream({ match, count: 1000 })) {
    if (keys.length > 0) await redis.unlink(keys);
  }
}
