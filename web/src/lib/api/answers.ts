import * as v from 'valibot';

import { busySchema, csrfRefusalSchema, errorSchema, purchaseAnswerSchema } from './schemas';
import type { NoReply, Reply } from './transport';

/**
 * The one place where HTTP statuses and error codes become answers with names. Refusals are
 * ordinary answers: the page has words and a next step for each of them.
 */

/** A server cannot make a buyer wait longer than this before the next try is offered. */
export const RETRY_AFTER_MS_MAX = 10 * 60_000;

/** Used where an answer asks for a later try but does not say how much later. */
const RETRY_AFTER_MS_DEFAULT = 2_000;

interface Referenced {
  /** What a buyer can quote to the shop's support. */
  correlationId: string | null;
}

/** Why there is no answer from the sale itself. */
export type Failure = Referenced &
  (
    | { kind: 'busy'; retryAfterMs: number }
    | { kind: 'rate_limited'; retryAfterMs: number }
    | { kind: 'invalid_user' }
    /** Nobody is signed in at the shop, or the sign-in has run out. */
    | { kind: 'unauthorized'; expired: boolean }
    | { kind: 'bad_request' }
    | { kind: 'internal' }
    | { kind: 'unreadable' }
    | { kind: 'unreachable' }
  );

export type PurchaseAnswer =
  | Failure
  | (Referenced &
      (
        | { kind: 'purchased'; orderId: string }
        | { kind: 'already_purchased'; orderId: string }
        | { kind: 'sold_out' }
        | { kind: 'not_active'; phase: 'upcoming' | 'ended' | 'paused' | null }
        | { kind: 'csrf'; reason: string; freshToken: string | null }
        /** Somebody else is signed in than the one for whom the order was. */
        | { kind: 'other_user' }
        /** There is a check before the sale, and this browser shows no good pass. */
        | { kind: 'pass_required' }
        /** The check was made, and was not passed. */
        | { kind: 'check_failed' }
        /** The check cannot be made now. */
        | { kind: 'check_unavailable'; retryAfterMs: number }
      ));

/** Thrown by requests whose only good answer is a success. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(`the request failed: ${failure.kind}`, { cause });
    this.failure = failure;
  }
}

export function readPurchaseAnswer(reply: Reply): PurchaseAnswer {
  const { body, httpStatus, correlationId } = reply;
  // The status is checked together with the body, so that a proxy's own 200 page is no purchase.
  const sale = v.safeParse(purchaseAnswerSchema, { ...(body as object), httpStatus });
  if (sale.success) {
    switch (sale.output.status) {
      case 'purchased':
      case 'already_purchased':
        return { kind: sale.output.status, orderId: sale.output.orderId, correlationId };
      case 'sold_out':
        return { kind: 'sold_out', correlationId };
      case 'not_active':
        return { kind: 'not_active', phase: sale.output.phase ?? null, correlationId };
    }
  }
  return readRefusal(reply);
}

/** Names why a request that changes something was refused before the sale was asked. */
export function readRefusal(reply: Reply): PurchaseAnswer {
  const { body, httpStatus, correlationId } = reply;
  const csrf = v.safeParse(csrfRefusalSchema, body);
  if (csrf.success && httpStatus === 403) {
    const { reason, csrfToken } = csrf.output;
    return { kind: 'csrf', reason, freshToken: csrfToken ?? null, correlationId };
  }
  const error = v.safeParse(errorSchema, body);
  const code = error.success ? `${httpStatus} ${error.output.error}` : null;
  switch (code) {
    case '403 other_user':
      return { kind: 'other_user', correlationId };
    case '403 pass_required':
      return { kind: 'pass_required', correlationId };
    // Where the check is another one by now, what was shown for this one is worth nothing.
    case '403 check_failed':
    case '409 other_check':
      return { kind: 'check_failed', correlationId };
    case '503 check_unavailable':
      return { kind: 'check_unavailable', retryAfterMs: waitIn(error), correlationId };
    default:
      return readFailure(reply);
  }
}

/** Names what went wrong with an answer that is not the one hoped for. */
export function readFailure({ body, httpStatus, retryAfterS, correlationId }: Reply): Failure {
  if (httpStatus < 400) return { kind: 'unreadable', correlationId };
  const busy = v.safeParse(busySchema, body);
  if (busy.success) {
    return { kind: 'busy', retryAfterMs: boundedWait(busy.output.retryAfterMs), correlationId };
  }
  const error = v.safeParse(errorSchema, body);
  if (!error.success) {
    // Not from the shop, but from what stands before it, which may say when to come back.
    return retryAfterS > 0
      ? { kind: 'busy', retryAfterMs: boundedWait(retryAfterS * 1_000), correlationId }
      : { kind: 'unreadable', correlationId };
  }
  switch (error.output.error) {
    case 'rate_limited': {
      return { kind: 'rate_limited', retryAfterMs: waitIn(error), correlationId };
    }
    case 'invalid_user':
      return { kind: 'invalid_user', correlationId };
    case 'unauthorized':
      return { kind: 'unauthorized', expired: error.output.reason === 'expired', correlationId };
    case 'bad_request':
    case 'payload_too_large':
    case 'unsupported_media_type':
    case 'method_not_allowed':
    case 'not_found':
      return { kind: 'bad_request', correlationId };
    case 'request_timeout':
      // The server waited for a request that arrived too slowly: to the buyer, a bad connection.
      return { kind: 'unreachable', correlationId };
    default:
      return { kind: httpStatus >= 500 ? 'internal' : 'unreadable', correlationId };
  }
}

export function unreachable({ correlationId }: NoReply): Failure {
  return { kind: 'unreachable', correlationId };
}

function waitIn(error: v.SafeParseResult<typeof errorSchema>): number {
  const told = error.success ? error.output.retryAfterMs : undefined;
  return boundedWait(told ?? RETRY_AFTER_MS_DEFAULT);
}

function boundedWait(retryAfterMs: number): number {
  return Math.min(retryAfterMs, RETRY_AFTER_MS_MAX);
}
