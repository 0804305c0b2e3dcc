import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Live } from '@/console/lib/api/schemas';
import type { Answer } from '@/console/lib/api/transport';
import { liveOf, sampleOf } from '@/console/testing/fixtures';

import { createLiveFeed, nodeNow, pollDelayMs } from './live-feed';

const GONE: Answer<Live> = { kind: 'unreachable', correlationId: null };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A node whose answers a test sets one after the other; the last one stays. */
function feedOf(...answers: Answer<Live>[]) {
  const getLive = vi.fn(async (_after: number | null) => answers[0] ?? GONE);
  getLive.mockImplementation(
    async () => (answers.length > 1 ? answers.shift() : answers[0]) ?? GONE,
  );
  const feed = createLiveFeed({ getLive });
  const stop = feed.start();
  return { feed, stop, getLive, asked: () => getLive.mock.calls.map(([after]) => after) };
}

const ok = (live: Live): Answer<Live> => ({ kind: 'ok', value: live });

test('asks for all samples first, and then for those after the last one', async () => {
  const { feed, stop, asked } = feedOf(
    ok(liveOf([sampleOf(1), sampleOf(2)])),
    ok(liveOf([sampleOf(3)])),
  );
  await vi.advanceTimersByTimeAsync(1_000);
  stop();
  expect(asked()).toEqual([null, 2]);
  expect(feed.view.get().samples.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test('says since when the node is away, keeps what was known, and asks less and less often', async () => {
  const { feed, stop, getLive } = feedOf(ok(liveOf([sampleOf(1)])), GONE);
  await vi.advanceTimersByTimeAsync(0);
  const heardAt = Date.now();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(feed.view.get()).toMatchObject({
    link: { kind: 'away', sinceMs: heardAt, failure: { kind: 'unreachable' } },
    samples: [{ sequence: 1 }],
    state: { status: 'active' },
  });
  // Waits of 2, 4, 8 and 10 seconds.
  await vi.advanceTimersByTimeAsync(24_000);
  expect(getLive).toHaveBeenCalledTimes(6);
  stop();
});

test('takes a node that was restarted for the same line of time', async () => {
  const { feed, stop, asked } = feedOf(
    ok(liveOf([sampleOf(700), sampleOf(701)])),
    GONE,
    ok(liveOf([sampleOf(1, { at: 720_000 }), sampleOf(2, { at: 721_000 })])),
  );
  await vi.advanceTimersByTimeAsync(3_000);
  stop();
  expect(asked()).toEqual([null, 701, null]);
  expect(feed.view.get().samples.map(({ at }) => at)).toEqual([700_000, 701_000, 720_000, 721_000]);
});

test('asks for all when the samples stay out, for the node may count anew', async () => {
  const { stop, asked } = feedOf(
    ok(liveOf([sampleOf(10)])),
    ok(liveOf([], { now: 16_000 })),
    ok(liveOf([sampleOf(1, { at: 17_000 })])),
    ok(liveOf([])),
  );
  await vi.advanceTimersByTimeAsync(3_000);
  stop();
  expect(asked()).toEqual([null, 10, null, 1]);
});

test('an answer that was under way when all was forgotten brings nothing back', async () => {
  const feed = createLiveFeed({
    getLive: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return ok(liveOf([sampleOf(1)]));
    },
  });
  const stop = feed.start();
  feed.forget();
  await vi.advanceTimersByTimeAsync(200);
  stop();
  expect(feed.view.get()).toMatchObject({ state: null, samples: [] });
});

test('the clock of the node runs on between two answers', async () => {
  const { feed, stop } = feedOf(ok(liveOf([], { now: 50_000 })));
  await vi.advanceTimersByTimeAsync(0);
  stop();
  await vi.advanceTimersByTimeAsync(700);
  expect(nodeNow(feed.view.get(), performance.now())).toBeCloseTo(50_700);
});

test.each([
  { failuresInARow: 0, hidden: false, wait: 1_000 },
  { failuresInARow: 1, hidden: false, wait: 2_000 },
  { failuresInARow: 30, hidden: false, wait: 10_000 },
  { failuresInARow: 0, hidden: true, wait: 10_000 },
])('waits $wait ms after $failuresInARow failures (hidden: $hidden)', ({ wait, ...situation }) => {
  expect(pollDelayMs(situation)).toBe(wait);
});
