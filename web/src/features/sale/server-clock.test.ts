import { expect, test, vi } from 'vitest';

import { createServerClock } from './server-clock';

function clockAt(start: number) {
  const monotonic = { now: start };
  return { monotonic, clock: createServerClock(() => monotonic.now) };
}

test('the time is unknown before the first answer', () => {
  expect(clockAt(5).clock.now()).toBeNull();
});

test('the time runs on with the monotonic clock', () => {
  const { clock, monotonic } = clockAt(100);
  clock.observe(1_000_000, 100);
  monotonic.now = 350;
  expect(clock.now()).toBe(1_000_250);
});

test('a stale answer does not set the clock back', () => {
  const { clock, monotonic } = clockAt(100);
  clock.observe(1_000_000, 100);
  // A 304 makes the browser hand out the first body again, a minute later.
  monotonic.now = 60_100;
  clock.observe(1_000_000, 60_100);
  expect(clock.now()).toBe(1_060_000);
});

test('the fastest answer is the best: a shorter delay moves the clock forward', () => {
  const { clock, monotonic } = clockAt(1_000);
  clock.observe(1_000_000, 1_000);
  monotonic.now = 4_000;
  clock.observe(1_003_180, 4_000);
  expect(clock.now()).toBe(1_003_180);
});

test('the visitor’s own clock is never asked', () => {
  const wallClock = vi.spyOn(Date, 'now').mockReturnValue(0);
  const { clock } = clockAt(100);
  clock.observe(1_000_000, 100);
  expect(clock.now()).toBe(1_000_000);
  expect(wallClock).not.toHaveBeenCalled();
});

test('listeners hear of every change and of nothing else', () => {
  const { clock } = clockAt(0);
  const listener = vi.fn();
  const unsubscribe = clock.subscribe(listener);
  clock.observe(1_000, 0);
  clock.observe(900, 0);
  expect(listener).toHaveBeenCalledTimes(1);
  clock.observe(1_100, 0);
  expect(listener).toHaveBeenCalledTimes(2);
  unsubscribe();
  clock.observe(1_200, 0);
  expect(listener).toHaveBeenCalledTimes(2);
});
