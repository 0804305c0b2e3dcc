import { describe, expect, test, vi } from 'vitest';

import { type FakeAnswer, fakeShop, ORDER_ID, statusJson } from '@/testing/fake-shop';

import { ApiError, RETRY_AFTER_MS_MAX } from './answers';
import { getCsrfToken, getOrderOf, getStatus, postPurchase } from './client';

const purchase = { userId: 'ada@example.com', csrfToken: 'token-1', idempotencyKey: 'key-1' };
const error = (code: string, more: object = {}) => ({
  error: code,
  message: 'for a person',
  correlationId: 'ref-1',
  ...more,
});

const reference = { 'Correlation-Id': 'ref-1' };

async function answerTo(answer: FakeAnswer | 'gone') {
  fakeShop({
    'POST /api/purchase': answer === 'gone' ? 'gone' : { headers: reference, ...answer },
  });
  return postPurchase(purchase);
}

describe('a purchase', () => {
  test.each<[string, FakeAnswer, object]>([
    [
      'purchased',
      { json: { status: 'purchased', orderId: ORDER_ID, later: 'fields are dropped' } },
      { kind: 'purchased', orderId: ORDER_ID },
    ],
    [
      'already purchased',
      { status: 409, json: { status: 'already_purchased', orderId: ORDER_ID } },
      { kind: 'already_purchased', orderId: ORDER_ID },
    ],
    ['sold out', { status: 410, json: { status: 'sold_out' } }, { kind: 'sold_out' }],
    [
      'not yet',
      { status: 403, json: { status: 'not_active', phase: 'upcoming' } },
      { kind: 'not_active', phase: 'upcoming' },
    ],
    [
      'over',
      { status: 403, json: { status: 'not_active', phase: 'ended' } },
      { kind: 'not_active', phase: 'ended' },
    ],
    [
      'not active, without a phase',
      { status: 403, json: { status: 'not_active' } },
      { kind: 'not_active', phase: null },
    ],
    [
      'csrf',
      { status: 403, json: error('csrf', { reason: 'mismatch', csrfToken: 'fresh' }) },
      { kind: 'csrf', reason: 'mismatch', freshToken: 'fresh' },
    ],
    [
      'busy',
      { status: 503, json: { status: 'busy', retryAfterMs: 700 } },
      { kind: 'busy', retryAfterMs: 700 },
    ],
    [
      'busy beyond reason',
      { status: 503, json: { status: 'busy', retryAfterMs: 1e12 } },
      { kind: 'busy', retryAfterMs: RETRY_AFTER_MS_MAX },
    ],
    [
      'rate limited',
      { status: 429, json: error('rate_limited', { retryAfterMs: 9000 }) },
      { kind: 'rate_limited', retryAfterMs: 9000 },
    ],
    [
      'not signed in',
      { status: 401, json: error('unauthorized', { reason: 'missing' }) },
      { kind: 'unauthorized', expired: false },
    ],
    [
      'signed in no more',
      { status: 401, json: error('unauthorized', { reason: 'expired' }) },
      { kind: 'unauthorized', expired: true },
    ],
    [
      'signed in as somebody else',
      { status: 403, json: error('other_user') },
      { kind: 'other_user' },
    ],
    ['invalid user', { status: 422, json: error('invalid_user') }, { kind: 'invalid_user' }],
    ['bad request', { status: 400, json: error('bad_request') }, { kind: 'bad_request' }],
    ['too large', { status: 413, json: error('payload_too_large') }, { kind: 'bad_request' }],
    ['media type', { status: 415, json: error('unsupported_media_type') }, { kind: 'bad_request' }],
    ['too slow', { status: 408, json: error('request_timeout') }, { kind: 'unreachable' }],
    ['internal', { status: 500, json: error('internal') }, { kind: 'internal' }],
    ['a proxy’s error', { status: 502, text: '<h1>Bad gateway</h1>' }, { kind: 'unreadable' }],
    [
      'a proxy that says when to come back',
      { status: 503, text: '<h1>Too many</h1>', headers: { ...reference, 'Retry-After': '30' } },
      { kind: 'busy', retryAfterMs: 30_000 },
    ],
    [
      'a proxy that names a date',
      {
        status: 429,
        text: '',
        headers: { ...reference, 'Retry-After': 'Fri, 27 Nov 2026 12:00:00 GMT' },
      },
      { kind: 'unreadable' },
    ],
    ['a list', { status: 503, json: [1] }, { kind: 'unreadable' }],
    ['a log-in page', { text: '<h1>Welcome to our hotel</h1>' }, { kind: 'unreadable' }],
    ['no body', { text: '' }, { kind: 'unreadable' }],
    ['an unknown refusal', { status: 418, json: error('teapot') }, { kind: 'unreadable' }],
    // A success that does not come with its own status and shape is never shown as an order.
    [
      'purchased with the wrong status',
      { status: 500, json: { status: 'purchased', orderId: ORDER_ID } },
      { kind: 'unreadable' },
    ],
    [
      'purchased without a proper order id',
      { json: { status: 'purchased', orderId: 'soon' } },
      { kind: 'unreadable' },
    ],
  ])('%s', async (_name, answer, expected) => {
    expect(await answerTo(answer)).toEqual({ ...expected, correlationId: 'ref-1' });
  });

  test('without an answer keeps the reference that it sent', async () => {
    const shop = fakeShop({ 'POST /api/purchase': 'gone' });
    const answer = await postPurchase(purchase);
    const sent = shop.seen[0]?.headers.get('Correlation-Id');
    expect(sent).toMatch(/^[0-9a-f]{16}$/);
    expect(answer).toEqual({ kind: 'unreachable', correlationId: sent });
  });

  test('carries the token, the key and the id', async () => {
    const shop = fakeShop({ 'POST /api/purchase': { status: 410, json: { status: 'sold_out' } } });
    await postPurchase(purchase);
    const [request] = shop.seen;
    expect(request?.body).toEqual({ userId: 'ada@example.com' });
    expect(request?.headers.get('X-CSRF-Token')).toBe('token-1');
    expect(request?.headers.get('Idempotency-Key')).toBe('key-1');
    expect(request?.headers.get('Content-Type')).toBe('application/json');
  });

  test('gives up on a server that never answers', async () => {
    vi.useFakeTimers();
    vi.stubGlobal(
      'fetch',
      (_path: string, { signal }: RequestInit) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    );
    const answer = postPurchase(purchase);
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await answer).kind).toBe('unreachable');
    vi.useRealTimers();
  });
});

describe('reads', () => {
  test('a status is parsed and stamped with the monotonic clock', async () => {
    fakeShop({ 'GET /api/status': { json: statusJson() } });
    const before = performance.now();
    const { status, receivedAtMs } = await getStatus();
    expect(status.stock).toBe(3);
    expect(receivedAtMs).toBeGreaterThanOrEqual(before);
    expect(receivedAtMs).toBeLessThanOrEqual(performance.now());
  });

  test.each([
    ['an unknown phase', { status: 'paused' }],
    ['a stock below zero', { stock: -1 }],
    ['no server time', { serverTime: undefined }],
  ])('a status with %s is not believed', async (_name, changes) => {
    fakeShop({ 'GET /api/status': { json: statusJson(changes) } });
    await expect(getStatus()).rejects.toMatchObject({ failure: { kind: 'unreadable' } });
  });

  test('a status may come from a shared cache, so it carries no reference', async () => {
    const shop = fakeShop({ 'GET /api/status': { json: statusJson() } });
    await getStatus();
    expect(shop.seen[0]?.headers.has('Correlation-Id')).toBe(false);
  });

  test('a token', async () => {
    fakeShop({ 'GET /api/csrf': { json: { csrfToken: 'abc' } } });
    expect(await getCsrfToken()).toEqual({ csrfToken: 'abc' });
  });

  test('an order is asked for by an encoded id', async () => {
    fakeShop({
      'GET /api/purchase/a%2Fb%3F%23%40c': { json: { purchased: true, orderId: ORDER_ID } },
      'GET /api/purchase/nobody': { json: { purchased: false, orderId: null } },
    });
    expect(await getOrderOf('a/b?#@c')).toEqual({ purchased: true, orderId: ORDER_ID });
    expect(await getOrderOf('nobody')).toEqual({ purchased: false, orderId: null });
  });

  test('failures are named', async () => {
    const shop = fakeShop({
      'GET /api/purchase/ada': { status: 422, json: error('invalid_user') },
    });
    await expect(getOrderOf('ada')).rejects.toMatchObject({ failure: { kind: 'invalid_user' } });
    shop.routes['GET /api/purchase/ada'] = 'gone';
    await expect(getOrderOf('ada')).rejects.toBeInstanceOf(ApiError);
    await expect(getOrderOf('ada')).rejects.toMatchObject({ failure: { kind: 'unreachable' } });
  });
});
