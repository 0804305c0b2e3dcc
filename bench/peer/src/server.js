// The HTTP server: settings, what happens to every request, and errors.

import { randomUUID } from 'node:crypto';

import Fastify from 'fastify';

import { busyBody, errorBody, invalidUserBody } from './answers.js';
import { addRoutes } from './routes.js';

const PLAIN = /^[\w.-]{1,128}$/;
const BODY_BYTES_MAX = 16 * 1024;
/** What Fastify finds wrong with a request, in the words of the contract. */
const ERRORS = new Map([
  [400, ['bad_request', 'The request cannot be understood.']],
  [413, ['payload_too_large', 'The request body is too large.']],
  [415, ['unsupported_media_type', 'The request body must be application/json.']],
]);

/**
 * @typedef {object} App
 * @property {import('./sale.js').Sale} sale
 * @property {import('./csrf.js').Csrf} csrf
 * @property {ReturnType<typeof import('./status.js').createStatus>} status
 * @property {import('./purchase/index.js').Purchase} purchase
 * @property {import('ioredis').Redis} redis
 */

/** @param {App} app */
export function buildServer(app) {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: 60_000,
    requestIdHeader: false,
    genReqId: correlationId,
    exposeHeadRoutes: false,
    // All that can be wrong with an address is that a user id in it is not UTF-8.
    frameworkErrors(_error, request, reply) {
      reply.header('correlation-id', request.id);
      /** @type {import('fastify').FastifyReply} */ (reply).send(invalidUserBody(reply));
    },
    // A user id of 254 characters, each of four bytes, each written as `%XX`.
    routerOptions: { maxParamLength: 254 * 4 * 3 },
  });

  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('correlation-id', request.id);
    done();
  });
  server.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500, message } = /** @type {import('fastify').FastifyError} */ (error);
    const known = ERRORS.get(statusCode);
    if (known) return reply.send(errorBody(reply, statusCode, known[0], known[1]));
    // Only Redis can fail here. What became of the purchase is unknown, and asking again tells.
    console.error(message);
    return reply.send(busyBody(reply));
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.send(errorBody(reply, 404, 'not_found', 'There is nothing at this address.')),
  );
  addRoutes(server, app);
  return server;
}

/**
 * The caller's own name for the request if it is short and plain, otherwise a new one.
 *
 * @param {{ headers: import('node:http').IncomingHttpHeaders }} request
 */
function correlationId({ headers }) {
  const given = headers['correlation-id'] ?? headers['x-correlation-id'];
  return typeof given === 'string' && PLAIN.test(given) ? given : randomUUID();
}
