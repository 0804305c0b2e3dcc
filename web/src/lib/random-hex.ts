/**
 * Random hex digits from the browser's secure source.
 *
 * `crypto.randomUUID` exists only in secure contexts, and a sale tried out over plain HTTP on a
 * local network is none, so the page draws its identifiers here.
 */
export function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
