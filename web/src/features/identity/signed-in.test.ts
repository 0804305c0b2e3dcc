import { expect, test, vi } from 'vitest';

import { ApiError, type Failure } from '@/lib/api/answers';

import { createSignedIn } from './signed-in';

const token = (userId?: string) => ({
  csrfToken: 'token',
  ...(userId === undefined ? {} : { userId }),
});
const EXPIRED: Failure = { kind: 'unauthorized', expired: true, correlationId: null };
const GONE: Failure = { kind: 'unreachable', correlationId: null };

test('the answer that brings the token says who is signed in', async () => {
  const signedIn = createSignedIn(async () => token('ada'));
  expect(signedIn.person()).toEqual({ kind: 'asking' });
  expect(await signedIn.ask()).toBe('token');
  expect(signedIn.person()).toEqual({ kind: 'in', userId: 'ada' });
});

test('where nobody has to sign in nothing is known of anybody', async () => {
  const signedIn = createSignedIn(async () => token());
  await signedIn.ask();
  expect(signedIn.person()).toEqual({ kind: 'asking' });
});

test('a refusal signs out, whichever request was refused, and a new answer signs in', async () => {
  const fetchToken = vi.fn(async () => token('ada'));
  const signedIn = createSignedIn(fetchToken);
  await signedIn.ask();
  signedIn.heard(EXPIRED);
  expect(signedIn.person()).toEqual({ kind: 'out', expired: true });
  fetchToken.mockRejectedValueOnce(new ApiError({ ...EXPIRED, expired: false }));
  await expect(signedIn.ask()).rejects.toThrow(ApiError);
  expect(signedIn.person()).toEqual({ kind: 'out', expired: false });
  await signedIn.ask();
  expect(signedIn.person()).toEqual({ kind: 'in', userId: 'ada' });
});

test('no answer changes nothing but a question that was never answered', async () => {
  const fetchToken = vi.fn(async () => token('ada'));
  const signedIn = createSignedIn(fetchToken);
  fetchToken.mockRejectedValueOnce(new ApiError(GONE));
  await expect(signedIn.ask()).rejects.toThrow(ApiError);
  expect(signedIn.person()).toEqual({ kind: 'unknown' });
  await signedIn.ask();
  fetchToken.mockRejectedValueOnce(new ApiError(GONE));
  await expect(signedIn.ask()).rejects.toThrow(ApiError);
  signedIn.heard(GONE);
  expect(signedIn.person()).toEqual({ kind: 'in', userId: 'ada' });
});

test('only what changes is told', async () => {
  const signedIn = createSignedIn(async () => token('ada'));
  const listener = vi.fn();
  const leave = signedIn.subscribe(listener);
  await signedIn.ask();
  await signedIn.ask();
  expect(listener).toHaveBeenCalledOnce();
  leave();
  signedIn.heard(EXPIRED);
  expect(listener).toHaveBeenCalledOnce();
});
