// What the sale is doing.

/** How long a count of units may be shown after it was read. */
const CACHE_MS = 100;

/**
 * Reads the stock at most once in `CACHE_MS`, however many ask. Redis for each request is the more
 * common way, but the answer may lawfully be a second old, so a tuned server would do it like this; it
 * is the faster of the two and so the fairer one to compare with.
 *
 * @param {import('ioredis').Redis} redis
 * @param {import('./sale.js').Sale} sale
 */
export function createStatus(redis, sale) {
  const { startsAt, endsAt, productId, productDescription } = sale;
  let remaining = 0;
  let goodUntil = -Infinity;
  /** @type {Promise<void> | undefined} */
  let reading;

  async function read() {
    try {
      remaining = Number(await redis.get(sale.keys.stock));
      goodUntil = performance.now() + CACHE_MS;
    } finally {
      reading = undefined;
    }
  }

  return async function status() {
    if (performance.now() >= goodUntil) await (reading ??= read());
    const serverTime = Date.now();
    return {
      status: phase(serverTime),
      startsAt,
      endsAt,
      // Below zero when too many were sold, and then that is what it says.
      stock: remaining,
      sold: sale.total - remaining,
      productId,
      productDescription,
      serverTime,
    };
  };

  /** @param {number} now */
  function phase(now) {
    if (now < startsAt) return 'upcoming';
    if (now >= endsAt) return 'ended';
    return remaining > 0 ? 'active' : 'sold_out';
  }
}
