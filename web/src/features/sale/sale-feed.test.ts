import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { fakeEvents } from '@/testing/fake-events';
import { fakeShop, statusJson } from '@/testing/fake-shop';

import { createSaleFeed } from './sale-feed';
import { createServerClock } from './server-clock';

let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

async function start() {
  const shop = fakeShop({ 'GET /api/status': { json: statusJson() } });
  const server = fakeEvents();
  const clock = createServerClock(() => performance.now());
  const feed = createSaleFeed(clock);
  stop = feed.start();
  await vi.advanceTimersByTimeAsync(0);
  const polls = () => shop.seen.length;
  return { shop, clock, feed, polls, last: () => server.opened.at(-1) };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('asks at once, and no more once the stream is live', async () => {
  const { feed, polls, last } = await start();
  expect(feed.news()).toMatchObject({ status: { sold: 7 }, stale: false });
  last()?.send(statusJson({ sold: 8 }));
  expect(feed.news().status?.sold).toBe(8);
  await pass(30_000);
  feed.refresh();
  expect(polls()).toBe(1);
});

test('polls while there is no stream', async () => {
  const { polls } = await start();
  await pass(9_000);
  expect(polls()).toBe(4);
});

test('polls of a hidden page are rare', async () => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  const { polls } = await start();
  await pass(29_999);
  expect(polls()).toBe(1);
  await pass(1);
  expect(polls()).toBe(2);
});

test('waits longer with each failure in a row', async () => {
  const { shop, polls } = await start();
  shop.routes['GET /api/status'] = 'gone';
  // After the answer, and after the first, the second and the third failure.
  for (const [index, wait] of [3_000, 6_000, 12_000, 24_000].entries()) {
    // Each wait begins where the one before it ends.
    // oxlint-disable-next-line no-await-in-loop
    await pass(wait - 1);
    expect(polls()).toBe(index + 1);
    // oxlint-disable-next-line no-await-in-loop
    await pass(1);
    expect(polls()).toBe(index + 2);
  }
});

test.each([
  [0, 2_400],
  [0.75, 3_300],
])('pages do not poll in step: with the chance %d after %d ms', async (random, wait) => {
  vi.spyOn(Math, 'random').mockReturnValue(random);
  const { polls } = await start();
  await pass(wait - 1);
  expect(polls()).toBe(1);
  await pass(1);
  expect(polls()).toBe(2);
});

test('polls again when the stream is lost, soon but not in the same moment', async () => {
  const { feed, polls, last } = await start();
  last()?.send(statusJson());
  last()?.end();
  expect(polls()).toBe(1);
  await pass(1_499);
  expect(polls()).toBe(1);
  await pass(1);
  expect(polls()).toBe(2);
  // Meanwhile a question of the page itself is asked at once.
  feed.refresh();
  expect(polls()).toBe(3);
});

test('is stale while neither way brings news', async () => {
  const { shop, feed, last } = await start();
  shop.routes['GET /api/status'] = 'gone';
  await pass(3_000);
  expect(feed.news()).toMatchObject({ status: { sold: 7 }, stale: true });
  last()?.send(statusJson());
  expect(feed.news().stale).toBe(false);
});

test('a poll that fails beside a live stream makes nothing stale', async () => {
  const { shop, feed, last } = await start();
  shop.routes['GET /api/status'] = () => new Promise((resolve) => setTimeout(resolve, 100, 'gone'));
  await pass(3_000);
  last()?.send(statusJson());
  await pass(100);
  expect(feed.news().stale).toBe(false);
});

test('each event sets the clock, and an old picture changes nothing', async () => {
  const { clock, feed, last } = await start();
  const now = clock.now() ?? 0;
  last()?.send(statusJson({ serverTime: 2_000_500, sold: 8, stock: 2 }));
  expect(clock.now()).toBe(now + 500);
  last()?.send(statusJson({ serverTime: 2_000_100 }));
  expect(clock.now()).toBe(now + 500);
  expect(feed.news().status).toMatchObject({ sold: 8, serverTime: 2_000_500 });
});
