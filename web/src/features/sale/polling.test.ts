import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Polling, startPolling } from './polling';

/** With this, every wait is exactly the scheduled one. */
const MIDDLE = () => 0.5;

let polling: Polling | undefined;
let visibility: DocumentVisibilityState = 'visible';

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});

afterEach(() => {
  polling?.stop();
  vi.useRealTimers();
});

function start(poll: () => Promise<boolean>) {
  const spy = vi.fn(poll);
  polling = startPolling(spy, MIDDLE);
  return spy;
}

function show(state: DocumentVisibilityState) {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

test('polls at once and then every three seconds', async () => {
  const poll = start(async () => true);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2_999);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(poll).toHaveBeenCalledTimes(12);
});

test('waits longer after each failure and recovers with one success', async () => {
  let reachable = false;
  const poll = start(async () => reachable);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(11_999);
  expect(poll).toHaveBeenCalledTimes(2);
  reachable = true;
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(poll).toHaveBeenCalledTimes(4);
});

test('a poll that breaks counts as a failure and does not end the polling', async () => {
  const poll = start(async () => {
    throw new Error('broken');
  });
  await vi.advanceTimersByTimeAsync(6_000);
  expect(poll).toHaveBeenCalledTimes(2);
});

test('never has two polls under way', async () => {
  const poll = start(() => new Promise(() => {}));
  polling?.pollNow();
  window.dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});

test('a hidden page polls rarely and asks at once when it is seen again', async () => {
  const poll = start(async () => true);
  await vi.advanceTimersByTimeAsync(0);
  show('hidden');
  await vi.advanceTimersByTimeAsync(29_999);
  expect(poll).toHaveBeenCalledTimes(1);
  show('visible');
  expect(poll).toHaveBeenCalledTimes(2);
});

test('a network that is back is used at once', async () => {
  const poll = start(async () => false);
  await vi.advanceTimersByTimeAsync(1);
  window.dispatchEvent(new Event('online'));
  expect(poll).toHaveBeenCalledTimes(2);
});

test('stops for good', async () => {
  const poll = start(async () => true);
  await vi.advanceTimersByTimeAsync(0);
  polling?.stop();
  polling?.pollNow();
  show('visible');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});

test('rests while the news comes by another way, and goes on soon after', async () => {
  const poll = start(async () => true);
  await vi.advanceTimersByTimeAsync(0);
  polling?.rest();
  polling?.pollNow();
  show('visible');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
  polling?.resume();
  polling?.resume();
  await vi.advanceTimersByTimeAsync(1_499);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(poll).toHaveBeenCalledTimes(3);
});

test('a poll that is under way when the rest begins has no successor', async () => {
  const poll = start(() => new Promise((resolve) => setTimeout(resolve, 100, true)));
  polling?.rest();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});
