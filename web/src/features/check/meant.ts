import { CheckError } from '@/lib/api/check-client';
import type { CsrfTokens } from '@/lib/api/csrf-tokens';

/** Sends a request that carries the token against forgery, and once more with a fresh one. */
export async function meant<Answer>(
  csrfTokens: CsrfTokens,
  send: (csrfToken: string) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await send(await csrfTokens.get());
  } catch (error) {
    if (!(error instanceof CheckError) || error.answer.kind !== 'csrf') throw error;
    const { freshToken } = error.answer;
    if (freshToken === null) csrfTokens.forget();
    else csrfTokens.renew(freshToken);
    return send(await csrfTokens.get());
  }
}
