import { expect, test, vi } from 'vitest';

import { liveOf, SALE } from '@/console/testing/fixtures';

import { createSession } from './session';

/** A server that answers everything with the same status and body, and keeps what it was sent. */
function serverWith(status: number, body: unknown = undefined) {
  const seen: { path: string; init: RequestInit; headers: Headers }[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    seen.push({ path, init, headers: new Headers(init.headers) });
    const text = body === undefined ? null : JSON.stringify(body);
    return new Response(text, { status, headers: { 'Correlation-Id': 'c0ffee' } });
  });
  return seen;
}

test('the token goes into the body of one request, and nowhere else', async () => {
  const seen = serverWith(204);
  const session = createSession();
  expect(await session.signIn('s3cret')).toEqual({ kind: 'ok', value: undefined });
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    path: '/admin/session',
    init: { method: 'POST', body: '{"token":"s3cret"}', credentials: 'same-origin' },
  });
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('s3cret');
  expect(document.cookie).not.toContain('s3cret');
});

test('every change carries a header that a foreign form cannot send', async () => {
  const seen = serverWith(204);
  const session = createSession();
  await session.client.setBrake(true);
  await session.signOut();
  expect(seen.map(({ init }) => init.method)).toEqual(['PUT', 'DELETE']);
  expect(seen[0]?.headers.get('Content-Type')).toBe('application/json');
  expect(seen[1]?.headers.get('X-Requested-With')).toBe('flashsale');
});

test('any answer with 401 ends the session, and signing in begins another', async () => {
  serverWith(401, { error: 'unauthorized' });
  const session = createSession();
  await session.client.getOrders({ search: '', after: null, limit: 1 });
  expect(session.state.get()).toEqual({ signedOut: true, epoch: 0 });
  serverWith(204);
  await session.signIn('s3cret');
  expect(session.state.get()).toEqual({ signedOut: false, epoch: 1 });
});

test('a wrong token changes nothing', async () => {
  serverWith(401, { error: 'unauthorized' });
  const session = createSession();
  expect(await session.signIn('guess')).toEqual({ kind: 'unauthorized', correlationId: 'c0ffee' });
  expect(session.state.get()).toEqual({ signedOut: false, epoch: 0 });
});

test('who could not be signed out still is signed in', async () => {
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('Failed to fetch');
  });
  const session = createSession();
  expect(await session.signOut()).toEqual({ kind: 'unreachable', correlationId: null });
  expect(session.state.get().signedOut).toBe(false);
});

test.each([
  [503, 'busy'],
  [500, 'failed'],
  [502, 'failed'],
  [400, 'refused'],
  [404, 'refused'],
])('an answer with %s is %s', async (status, kind) => {
  serverWith(status, { error: 'any' });
  const { client } = createSession();
  expect(await client.setBrake(true)).toEqual({ kind, correlationId: 'c0ffee' });
});

test('good answers are read, and what does not look like one is not believed', async () => {
  const { client } = createSession();
  serverWith(200, { ...SALE, addedLater: 1 });
  expect(await client.getSale()).toEqual({ kind: 'ok', value: SALE });
  const seen = serverWith(200, liveOf([]));
  expect(await client.getLive(41)).toEqual({ kind: 'ok', value: liveOf([]) });
  expect(seen[0]?.path).toBe('/admin/live?after=41');
  serverWith(200, { ...liveOf([]), state: { status: 'active' } });
  expect((await client.getLive(null)).kind).toBe('unreadable');
  serverWith(200, '<html>');
  expect((await client.getSale()).kind).toBe('unreadable');
});
