import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { findNonce, zeroBits } from './find-nonce';

const hashOf = (nonce: string) => createHash('sha256').update(`a.challenge.${nonce}`).digest();

test.each([1, 8, 11, 12])(
  'what is found gives %d zero bits, and nothing before it does',
  (bits) => {
    const nonce = findNonce('a.challenge', bits);
    expect(zeroBits(hashOf(nonce))).toBeGreaterThanOrEqual(bits);
    for (let before = 0; before < Number(nonce); before += 1) {
      expect(zeroBits(hashOf(String(before)))).toBeLessThan(bits);
    }
  },
);

test('challenges of every length are hashed as anybody hashes them', () => {
  for (const length of [1, 54, 55, 56, 63, 64, 65, 120, 200]) {
    const challenge = 'ü'.repeat(length);
    const nonce = findNonce(challenge, 6);
    const hash = createHash('sha256').update(`${challenge}.${nonce}`).digest();
    expect(zeroBits(hash)).toBeGreaterThanOrEqual(6);
  }
});

test.each([
  [[0x80], 0],
  [[0x01], 7],
  [[0x00, 0x40], 9],
  [[0x00, 0x00, 0x01], 23],
  [[0x00, 0x00], 16],
])('of %j the first zero bits are counted', (bytes, bits) => {
  expect(zeroBits(Uint8Array.from(bytes))).toBe(bits);
});
