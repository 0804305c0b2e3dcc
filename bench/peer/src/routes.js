// The whole API.

import { bodies, errorBody, forgeryBody, invalidUserBody, outcomeBody } from './answers.js';
import { readReceipt } from './sale.js';
import { parseUserId } from './user-id.js';

const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * @param {import('fastify').FastifyInstance} server
 * @param {import('./server.js').App} app
 */
export function addRoutes(server, { redis, sale, csrf, status, purchase }) {
  server.get('/api/status', answers({ 200: bodies.status }), async (request, reply) => {
    const shown = await status();
    // Everything but the time, hence weak.
    const tag = `W/"${sale.startsAt}-${sale.endsAt}-${shown.sold}-${shown.status}"`;
    reply.header('etag', tag).header('cache-control', 'public, max-age=1');
    return request.headers['if-none-match'] === tag ? reply.code(304).send() : shown;
  });

  server.get('/api/csrf', answers({ 200: bodies.csrf }), (_request, reply) => {
    const csrfToken = csrf.issue();
    reply.header('set-cookie', csrf.cookie(csrfToken)).header('cache-control', 'no-store');
    reply.send({ csrfToken });
  });

  server.post('/api/purchase', {
    ...answers({ 200: bodies.purchased }),
    // Before the body is read: who may be forging is not listened to.
    onRequest(request, reply, done) {
      reply.header('cache-control', 'no-store');
      const reason = csrf.refusal(request.headers);
      if (reason) reply.send(forgeryBody(reply, csrf, reason));
      else done();
    },
    async handler(request, reply) {
      const idempotencyKey = request.headers['idempotency-key'] ?? '';
      if (idempotencyKey !== '' && !IDEMPOTENCY_KEY.test(String(idempotencyKey))) {
        return errorBody(
          reply,
          400,
          'bad_request',
          'The header Idempotency-Key takes 1 to 255 printable ASCII characters.',
        );
      }
      const body = /** @type {{ userId?: unknown } | null | undefined} */ (request.body);
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        return errorBody(reply, 400, 'bad_request', 'The body must be a JSON object.');
      }
      const user = parseUserId(body.userId);
      if (user === undefined) return invalidUserBody(reply);
      const attempt = { user, idempotencyKey: String(idempotencyKey) };
      return outcomeBody(reply, await purchase.buy(attempt));
    },
  });

  server.get('/api/purchase/:userId', answers({ 200: bodies.lookUp }), async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { userId } = /** @type {{ userId: string }} */ (request.params);
    const user = parseUserId(userId);
    if (user === undefined) return invalidUserBody(reply);
    const receipt = await redis.get(sale.keys.receipt(user));
    return { purchased: receipt !== null, orderId: receipt && readReceipt(receipt).orderId };
  });

  server.get('/livez', answers({ 200: bodies.live }), (_request, reply) => {
    reply.send({ status: 'ok' });
  });
}

/** @param {Record<number, object>} response */
function answers(response) {
  return { schema: { response: { ...response, '4xx': bodies.refusal, '5xx': bodies.refusal } } };
}
