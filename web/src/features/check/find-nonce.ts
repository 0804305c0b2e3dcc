import { _SHA256 } from '@noble/hashes/sha2.js';

/**
 * The work: the first number whose text, after the challenge and a full stop, gives a SHA-256 that begins with so
 * many zero bits. Each bit more doubles the time, so this runs where it holds nothing up.
 */
export function findNonce(challenge: string, bits: number): string {
  const encoder = new TextEncoder();
  // What all tries have in common is hashed once.
  const begun = new _SHA256().update(encoder.encode(`${challenge}.`));
  for (let number = 0; ; number += 1) {
    const nonce = String(number);
    const hash = begun.clone().update(encoder.encode(nonce)).digest();
    if (zeroBits(hash) >= bits) return nonce;
  }
}

/** How many of the first bits are zero. */
export function zeroBits(hash: Uint8Array): number {
  const whole = hash.findIndex((byte) => byte !== 0);
  if (whole === -1) return hash.length * 8;
  // `clz32` counts in 32 bits, of which a byte is the last eight.
  return whole * 8 + Math.clz32(hash[whole] ?? 0) - 24;
}
