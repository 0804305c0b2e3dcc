import * as v from 'valibot';

import { ApiError, type PurchaseAnswer, readRefusal, unreachable } from './answers';
import { ask } from './ask';
import {
  type Challenge,
  challengeSchema,
  type CheckKind,
  checkKindSchema,
  type Pass,
  passSchema,
} from './schemas';
import { NoReply, send } from './transport';

/** The server may wait for a service that checks. */
const POST_TIMEOUT_MS = 40_000;

/** Thrown where a purchase cannot go on for want of a pass; the answer says why. */
export class CheckError extends Error {
  override name = 'CheckError';
  readonly answer: PurchaseAnswer;

  constructor(answer: PurchaseAnswer, cause?: unknown) {
    super(`the check failed: ${answer.kind}`, { cause });
    this.answer = answer;
  }
}

/** What every request of the check carries. */
export interface Meant {
  userId: string;
  csrfToken: string;
  signal: AbortSignal;
}

/** What shows that the check is passed. */
export type Evidence = { challenge: string; nonce: string } | { token: string };

export async function getCheck(): Promise<CheckKind> {
  try {
    const [check] = await ask({ path: '/api/check' }, checkKindSchema);
    return check;
  } catch (error) {
    // While nodes are renewed one after the other, an old one does not know the question.
    if (error instanceof ApiError && error.failure.kind === 'bad_request') return { check: 'none' };
    throw error;
  }
}

export function postChallenge(meant: Meant): Promise<Challenge> {
  return post('/api/check', meant, {}, challengeSchema);
}

/** The pass itself comes as a cookie that the page cannot read. */
export function postPass(meant: Meant, evidence: Evidence): Promise<Pass> {
  return post('/api/pass', meant, evidence, passSchema);
}

async function post<const Schema extends v.GenericSchema>(
  path: string,
  { userId, csrfToken, signal }: Meant,
  more: object,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  try {
    const reply = await send({
      method: 'POST',
      path,
      timeoutMs: POST_TIMEOUT_MS,
      headers: { 'X-CSRF-Token': csrfToken },
      json: { userId, ...more },
      signal,
    });
    const parsed = v.safeParse(schema, reply.body);
    if (reply.httpStatus === 200 && parsed.success) return parsed.output;
    throw new CheckError(readRefusal(reply));
  } catch (error) {
    if (error instanceof NoReply) throw new CheckError(unreachable(error), error);
    throw error;
  }
}
