// Tokens against forged requests: a signed double-submit. A token is 16 random bytes, the time of its
// issue and an HMAC over both; it comes back as a cookie and in a header.

import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';

const LIFETIME_MS = 2 * 60 * 60 * 1000;
const LEEWAY_MS = 60 * 1000;
const SIGNED_BYTES = 24;
const TOKEN_BYTES = SIGNED_BYTES + 32;
const COOKIE = /(?:^|;)\s*csrfToken=([^;\s]+)/;

/** @typedef {'missing_cookie' | 'missing_header' | 'mismatch' | 'invalid'} Reason */
/** @typedef {Awaited<ReturnType<typeof createCsrf>>} Csrf */

/**
 * The key lies in Redis, so that all processes share it and a restart keeps the tokens good.
 *
 * @param {import('ioredis').Redis} redis
 * @param {string} name
 */
export async function createCsrf(redis, name) {
  await redis.setnx(name, randomBytes(32).toString('hex'));
  const key = createSecretKey(/** @type {string} */ (await redis.get(name)), 'hex');
  const sign = (/** @type {Buffer} */ signed) => createHmac('sha256', key).update(signed).digest();

  function issue() {
    const signed = Buffer.alloc(SIGNED_BYTES, randomBytes(16));
    signed.writeBigUInt64BE(BigInt(Date.now()), 16);
    return Buffer.concat([signed, sign(signed)]).toString('base64url');
  }

  /** @param {string} token */
  function isValid(token) {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== TOKEN_BYTES) return false;
    const signed = bytes.subarray(0, SIGNED_BYTES);
    if (!timingSafeEqual(sign(signed), bytes.subarray(SIGNED_BYTES))) return false;
    const ageMs = Date.now() - Number(signed.readBigUInt64BE(16));
    return ageMs >= -LEEWAY_MS && ageMs <= LIFETIME_MS;
  }

  return {
    issue,
    cookie: (/** @type {string} */ token) =>
      `csrfToken=${token}; Path=/; Max-Age=${LIFETIME_MS / 1000}; SameSite=Lax`,

    /**
     * Why a request may be forged, or nothing.
     *
     * @param {import('node:http').IncomingHttpHeaders} headers
     * @returns {Reason | undefined}
     */
    refusal(headers) {
      const cookie = COOKIE.exec(headers.cookie ?? '')?.[1];
      if (!cookie) return 'missing_cookie';
      const header = headers['x-csrf-token'] ?? headers['x-xsrf-token'];
      if (typeof header !== 'string' || header === '') return 'missing_header';
      if (!isEqual(cookie, header)) return 'mismatch';
      return isValid(header) ? undefined : 'invalid';
    },
  };
}

/**
 * @param {string} one
 * @param {string} other
 */
function isEqual(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
