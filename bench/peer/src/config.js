// Settings: from the environment, and the way to purchase also from the command line.

import { exit } from 'node:process';

const STRATEGIES = ['watch', 'script', 'shared'];

/**
 * @typedef {object} Config
 * @property {string} strategy `watch`, `script` or `shared`
 * @property {boolean} reset whether to remove what is stored of this sale
 * @property {string} host
 * @property {number} port
 * @property {string} redisUrl
 * @property {number} poolSize connections that `watch` leases
 * @property {number} maxRetries how often `watch` tries again after a conflict
 * @property {number} backoffMs the first wait after a conflict, at most
 * @property {string} saleId
 * @property {number} stock
 * @property {number} startsAt epoch milliseconds
 * @property {number} endsAt epoch milliseconds
 * @property {string} productId
 * @property {string} productDescription
 */

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Config}
 */
export function readConfig(args, env) {
  const words = args.filter((arg) => arg !== '--reset');
  const strategy = words[0] ?? env.STRATEGY ?? 'watch';
  if (words.length > 1 || !STRATEGIES.includes(strategy)) {
    refuse(`Usage: node src/main.js [${STRATEGIES.join('|')}] [--reset]`);
  }
  const startsAt = integer(env, 'SALE_START', Date.now());
  const endsAt = integer(env, 'SALE_END', startsAt + 3_600_000);
  if (endsAt <= startsAt) refuse('SALE_END must be after SALE_START.');

  return {
    strategy,
    reset: args.includes('--reset'),
    host: env.HOST ?? '127.0.0.1',
    port: integer(env, 'PORT', 4000),
    redisUrl: env.REDIS_URL ?? 'redis://127.0.0.1:6379',
    // The fastest. Every purchase watches the same stock, so of two transactions at once one fails.
    poolSize: integer(env, 'REDIS_TX_POOL', 1, 1),
    maxRetries: integer(env, 'PURCHASE_MAX_RETRIES', 20),
    backoffMs: integer(env, 'PURCHASE_RETRY_BACKOFF_MS', 5),
    saleId: env.SALE_ID ?? 'peer',
    stock: integer(env, 'SALE_STOCK', 1000),
    startsAt,
    endsAt,
    productId: env.PRODUCT_ID ?? 'AL-042',
    productDescription: env.PRODUCT_DESCRIPTION ?? 'Alba Stacking Dishes, Vermilion',
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {number} fallback
 * @param {number} [least]
 */
function integer(env, name, fallback, least = 0) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    refuse(`${name} must be a whole number of at least ${least}, not "${text}".`);
  }
  return number;
}

/**
 * @param {string} sentence
 * @returns {never}
 */
function refuse(sentence) {
  console.error(sentence);
  exit(2);
}
