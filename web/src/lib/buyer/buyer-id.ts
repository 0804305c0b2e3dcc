/** The bounds of the server's own rule; characters are Unicode scalar values, as it counts them. */
export const BUYER_ID_CHARS_MIN = 3;
export const BUYER_ID_CHARS_MAX = 254;

export type BuyerIdProblem = 'empty' | 'too_short' | 'too_long' | 'control_characters';

export type BuyerIdCheck = { ok: true; userId: string } | { ok: false; problem: BuyerIdProblem };

/** Applies the server's rule for ids in the browser, to spare the buyer a trip that must fail. */
export function checkBuyerId(typed: string): BuyerIdCheck {
  const userId = trimBuyerId(typed);
  const chars = Array.from(userId).length;
  if (chars === 0) return { ok: false, problem: 'empty' };
  if (chars < BUYER_ID_CHARS_MIN) return { ok: false, problem: 'too_short' };
  if (chars > BUYER_ID_CHARS_MAX) return { ok: false, problem: 'too_long' };
  if (/\p{Cc}/u.test(userId)) return { ok: false, problem: 'control_characters' };
  return { ok: true, userId };
}

/**
 * Trims what Unicode calls white space, as the server does. JavaScript's own `trim` differs: it
 * takes a byte order mark off and leaves U+0085 on.
 */
export function trimBuyerId(typed: string): string {
  return typed.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}
