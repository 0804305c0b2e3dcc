// Who is the same person.

const CHARS_MIN = 3;
const CHARS_MAX = 254;
const CONTROL = /\p{Cc}/u;

/**
 * The canonical form of a user id, or nothing if it is not one. An e-mail address is compared without
 * regard to case and compatibility forms, any other id exactly.
 *
 * @param {unknown} value
 * @returns {string | undefined}
 */
export function parseUserId(value) {
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  const id = trimmed.includes('@') ? trimmed.normalize('NFKC').toLowerCase() : trimmed;
  const isLong = id.length > CHARS_MAX && [...id].length > CHARS_MAX;
  const isShort = id.length < 2 * CHARS_MIN && [...id].length < CHARS_MIN;
  return isLong || isShort || CONTROL.test(id) ? undefined : id;
}
