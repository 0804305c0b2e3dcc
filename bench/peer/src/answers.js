// Every outcome and refusal, the status code it becomes, and the shape of its body. Fastify compiles
// the shapes into serialisers once, at the start. The functions set the status code and give the
// body, for the handler to return it.

/** @typedef {import('fastify').FastifyReply} Reply */

const text = { type: 'string' };
const integer = { type: 'integer' };

export const bodies = {
  status: object({
    status: text,
    startsAt: integer,
    endsAt: integer,
    stock: integer,
    sold: integer,
    productId: text,
    productDescription: text,
    serverTime: integer,
  }),
  csrf: object({ csrfToken: text }),
  purchased: object({ status: text, orderId: text }),
  lookUp: object({ purchased: { type: 'boolean' }, orderId: { type: ['string', 'null'] } }),
  live: object({ status: text }),
  refusal: object({
    status: text,
    error: text,
    reason: text,
    phase: text,
    orderId: text,
    csrfToken: text,
    retryAfterMs: integer,
    message: text,
    correlationId: text,
  }),
};

const RETRY_AFTER_MS = 1000;
const FORGERY = {
  missing_cookie: 'The CSRF cookie is missing. Try again with the new token.',
  missing_header: 'The header X-CSRF-Token is missing. Try again with the new token.',
  mismatch: 'Header and cookie hold different tokens. Try again with the new one.',
  invalid: 'The CSRF token is not valid any more. Try again with the new one.',
};

/**
 * @param {Reply} reply
 * @param {import('./purchase/index.js').Outcome} outcome
 */
export function outcomeBody(reply, outcome) {
  const { kind } = outcome;
  switch (kind) {
    case 'purchased':
      return { status: kind, orderId: outcome.orderId };
    case 'already_purchased':
      return refuse(reply, 409, {
        status: kind,
        orderId: outcome.orderId,
        message: 'This user has an order already.',
      });
    case 'sold_out':
      return refuse(reply, 410, { status: kind, message: 'Every unit is sold.' });
    case 'not_active': {
      const { phase } = outcome;
      const message = phase === 'upcoming' ? 'The sale has not started yet.' : 'The sale is over.';
      return refuse(reply, 403, { status: kind, phase, message });
    }
    default:
      return busyBody(reply);
  }
}

/** @param {Reply} reply */
export function busyBody(reply) {
  reply.header('retry-after', RETRY_AFTER_MS / 1000);
  return refuse(reply, 503, {
    status: 'busy',
    retryAfterMs: RETRY_AFTER_MS,
    message: 'Too busy to answer now. Send the same request again in a moment.',
  });
}

/**
 * @param {Reply} reply
 * @param {import('./csrf.js').Csrf} csrf
 * @param {import('./csrf.js').Reason} reason
 */
export function forgeryBody(reply, csrf, reason) {
  const csrfToken = csrf.issue();
  reply.header('set-cookie', csrf.cookie(csrfToken));
  return refuse(reply, 403, { error: 'csrf', reason, csrfToken, message: FORGERY[reason] });
}

/** @param {Reply} reply */
export function invalidUserBody(reply) {
  const message =
    'The user id must be text of 3 to 254 characters, none of them control characters.';
  return errorBody(reply, 422, 'invalid_user', message);
}

/**
 * @param {Reply} reply
 * @param {number} code
 * @param {string} error
 * @param {string} message
 */
export function errorBody(reply, code, error, message) {
  return refuse(reply, code, { error, message });
}

/**
 * @param {Reply} reply
 * @param {number} code
 * @param {Record<string, unknown>} body
 */
function refuse(reply, code, body) {
  body.correlationId = reply.request.id;
  reply.code(code);
  return body;
}

/** @param {Record<string, object>} properties */
function object(properties) {
  return { type: 'object', properties };
}
