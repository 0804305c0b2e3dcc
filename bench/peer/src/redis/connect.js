// Opens connections to Redis.

import { Redis } from 'ioredis';

/**
 * A connection that is ready, for commands that each stand alone. It connects again by itself.
 *
 * @param {string} url
 * @param {import('ioredis').RedisOptions} [options]
 */
export async function connect(url, options = {}) {
  const redis = new Redis(url, {
    lazyConnect: true,
    // When the connection is lost, what is in flight fails at once (the 0 sees to that), and is never
    // sent again behind our back: it may have been done.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...options,
  });
  redis.on('error', (error) => console.error(`Redis: ${error.message}`));
  await redis.connect();
  return redis;
}

/**
 * A connection for transactions. It never connects again by itself: the new connection would have
 * lost the WATCH, and the EXEC that follows would pass unguarded.
 *
 * @param {string} url
 */
export function connectForTransactions(url) {
  return connect(url, { enableOfflineQueue: false, retryStrategy: () => null });
}
