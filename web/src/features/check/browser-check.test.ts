import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { getCsrfToken } from '@/lib/api/client';
import { createCsrfTokens } from '@/lib/api/csrf-tokens';
import { fakeShop } from '@/testing/fake-shop';

import { createBrowserCheck } from './browser-check';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const refusal = (status: number, error: string, more: object = {}) => ({
  status,
  json: { error, message: 'for a person', correlationId: 'r', ...more },
});

/** A browser before a shop with a proof of work, whose passes are good for an hour. */
function open(changes: Parameters<typeof fakeShop>[0] = {}) {
  const shop = fakeShop({
    'GET /api/csrf': { json: { csrfToken: 'token' } },
    'GET /api/check': { json: { check: 'proof_of_work', bits: 18 } },
    'POST /api/check': ({ body }) => ({
      json: { challenge: `for ${userIn(body)}`, bits: 18, expiresAt: 600_000 },
    }),
    'POST /api/pass': { json: { expiresAt: HOUR_MS } },
    ...changes,
  });
  const work = vi.fn(async ({ challenge }: { challenge: string }, _signal: AbortSignal) =>
    challenge.toUpperCase(),
  );
  const onFailure = vi.fn();
  const check = createBrowserCheck({
    csrfTokens: createCsrfTokens(async () => (await getCsrfToken()).csrfToken),
    now: () => 0,
    onFailure,
    work,
    random: () => 0,
  });
  const sent = (path: string) =>
    shop.seen.filter((request) => request.method === 'POST' && request.path === path);
  return { ...shop, check, work, onFailure, passes: () => sent('/api/pass'), sent };
}

function userIn(body: unknown): string {
  return (body as { userId: string }).userId;
}

describe('a proof of work', () => {
  test('is done for whoever is going to buy, and its pass renewed before it ends', async () => {
    const page = open();
    page.check.want('ada');
    await pass(0);
    expect(page.work).toHaveBeenCalledOnce();
    expect(page.passes().map(({ body }) => body)).toEqual([
      { userId: 'ada', challenge: 'for ada', nonce: 'FOR ADA' },
    ]);
    expect(page.passes()[0]?.headers.get('X-CSRF-Token')).toBe('token');
    expect(page.check.state()).toEqual({ step: 'passed' });
    await page.check.pass('ada', false);
    await pass(HOUR_MS * 0.6 - 1);
    expect(page.passes()).toHaveLength(1);
    page.work.mockImplementationOnce(() => new Promise(() => {}));
    await pass(1);
    // Nothing is said of it, and nobody waits for it, as long as the one before is good.
    expect(page.work).toHaveBeenCalledTimes(2);
    expect(page.check.state()).toEqual({ step: 'passed' });
    await page.check.pass('ada', false);
  });

  test('ends when somebody else is going to buy, who needs one of their own', async () => {
    const page = open();
    page.work.mockImplementationOnce(() => new Promise(() => {}));
    page.check.want('ada');
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'checking', byService: false });
    const signal = page.work.mock.calls[0]?.[1];
    page.check.leave('ada');
    expect(signal?.aborted).toBe(false);
    page.check.leave('bob');
    expect(signal?.aborted).toBe(true);
    expect(page.check.state()).toEqual({ step: 'none' });
    page.check.want('bob');
    await pass(0);
    expect(page.passes().map(({ body }) => userIn(body))).toEqual(['bob']);
    expect(page.onFailure).not.toHaveBeenCalled();
  });

  test('is not done again for the same person while the pass is good', async () => {
    const page = open();
    page.check.want('ada');
    await pass(0);
    page.check.want(null);
    page.check.want('ada');
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'passed' });
    expect(page.passes()).toHaveLength(1);
  });

  test('goes on with a fresh token against forgery', async () => {
    let refused = false;
    const page = open({
      'POST /api/check': () => {
        if (refused) return { json: { challenge: 'c', bits: 18, expiresAt: 1 } };
        refused = true;
        return refusal(403, 'csrf', { reason: 'invalid', csrfToken: 'fresh' });
      },
    });
    page.check.want('ada');
    await pass(0);
    expect(page.passes()[0]?.headers.get('X-CSRF-Token')).toBe('fresh');
    expect(page.check.state()).toEqual({ step: 'passed' });
  });
});

describe('a check that does not succeed', () => {
  test('is made again by itself where the shop could not make it', async () => {
    const page = open({
      'POST /api/pass': refusal(503, 'check_unavailable', { retryAfterMs: 3_000 }),
    });
    page.check.want('ada');
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'failed', goesOn: true });
    page.routes['POST /api/pass'] = { json: { expiresAt: HOUR_MS } };
    await pass(2_999);
    expect(page.passes()).toHaveLength(1);
    await pass(1);
    expect(page.check.state()).toEqual({ step: 'passed' });
  });

  test('waits for a press where it was not passed', async () => {
    const page = open({ 'POST /api/pass': refusal(403, 'check_failed', { reason: 'wrong' }) });
    page.check.want('ada');
    await pass(60_000);
    expect(page.check.state()).toEqual({ step: 'failed', goesOn: false });
    expect(page.passes()).toHaveLength(1);
    page.routes['POST /api/pass'] = { json: { expiresAt: HOUR_MS } };
    page.check.again();
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'passed' });
  });

  test('is told to the purchase that waits for it', async () => {
    const page = open({ 'POST /api/pass': refusal(403, 'check_failed', { reason: 'refused' }) });
    const refused = page.check.pass('ada', true).catch((error: unknown) => error);
    await pass(0);
    expect(await refused).toMatchObject({ answer: { kind: 'check_failed' } });
  });

  test('is of no concern where nobody knows of a check', async () => {
    const page = open({ 'GET /api/check': 'gone' });
    page.check.want('ada');
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'none' });
    await page.check.pass('ada', false);
    page.routes['GET /api/check'] = { json: { check: 'proof_of_work', bits: 18 } };
    await pass(500);
    expect(page.check.state()).toEqual({ step: 'passed' });
  });
});

test.each([
  ['none', { json: { check: 'none' } }],
  ['one that an older node does not know of', refusal(404, 'not_found')],
])('with a check that is %s nothing is asked, and nothing said', async (_name, answer) => {
  const page = open({ 'GET /api/check': answer });
  page.check.want('ada');
  await pass(60_000);
  await page.check.pass('ada', false);
  await page.check.pass('ada', true);
  expect(page.check.state()).toEqual({ step: 'none' });
  expect(page.passes()).toHaveLength(0);
});

test('a pass that the shop does not see is asked for anew, though it seems to be good', async () => {
  const page = open();
  page.check.want('ada');
  await pass(0);
  const again = page.check.pass('ada', true);
  await pass(0);
  await again;
  expect(page.passes()).toHaveLength(2);
});

test('a service that asks nobody anything does not hold a purchase up for ever', async () => {
  const page = open();
  page.work.mockImplementationOnce(() => new Promise(() => {}));
  const refused = page.check.pass('ada', true).catch((error: unknown) => error);
  await pass(5 * 60_000);
  expect(await refused).toMatchObject({ answer: { kind: 'check_failed' } });
  expect(page.work.mock.calls[0]?.[1].aborted).toBe(true);
  expect(page.check.state()).toEqual({ step: 'failed', goesOn: false });
});

describe('a pass that runs out before there is another', () => {
  test('is said to be made, and a press waits for it', async () => {
    const page = open();
    page.check.want('ada');
    await pass(0);
    page.work.mockImplementationOnce(() => new Promise(() => {}));
    await pass(HOUR_MS - 1);
    expect(page.check.state()).toEqual({ step: 'passed' });
    await pass(1);
    expect(page.check.state()).toEqual({ step: 'checking', byService: false });
    const waits = page.check.pass('ada', false).catch((error: unknown) => error);
    await pass(5 * 60_000);
    expect(await waits).toMatchObject({ answer: { kind: 'check_failed' } });
  });

  test('is said to have failed, where it did', async () => {
    const page = open();
    page.check.want('ada');
    await pass(0);
    page.routes['POST /api/pass'] = refusal(403, 'check_failed', { reason: 'wrong' });
    await pass(HOUR_MS - 1);
    expect(page.passes()).toHaveLength(2);
    expect(page.check.state()).toEqual({ step: 'passed' });
    await pass(1);
    expect(page.check.state()).toEqual({ step: 'failed', goesOn: false });
    page.routes['POST /api/pass'] = { json: { expiresAt: 2 * HOUR_MS } };
    page.check.again();
    await pass(0);
    expect(page.check.state()).toEqual({ step: 'passed' });
  });

  test('is not spoken of when nobody is going to buy any more', async () => {
    const page = open();
    page.check.want('ada');
    await pass(0);
    page.check.want(null);
    await pass(2 * HOUR_MS);
    expect(page.check.state()).toEqual({ step: 'none' });
  });
});
