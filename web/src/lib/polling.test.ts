import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Polling, startPolling } from './polling';

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

/** Waits a second after a success, ten for each failure in a row, and a minute while hidden. */
function start(poll: () => Promise<boolean>) {
  const spy = vi.fn(poll);
  polling = startPolling(spy, ({ failuresInARow, hidden }) =>
    hidden ? 60_000 : failuresInARow * 10_000 || 1_000,
  );
  return spy;
}

function show(state: DocumentVisibilityState) {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

const slow = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 500));

test('polls at once, and again a wait after each answer', async () => {
  const poll = start(slow);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1_499);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(poll).toHaveBeenCalledTimes(12);
});

test('counts failures, and one success is enough to recover', async () => {
  let reachable = false;
  const poll = start(async () => reachable);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(19_999);
  expect(poll).toHaveBeenCalledTimes(2);
  reachable = true;
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(poll).toHaveBeenCalledTimes(4);
});

test('a poll that breaks counts as a failure and does not end the polling', async () => {
  const poll = start(async () => {
    throw new Error('broken');
  });
  await vi.advanceTimersByTimeAsync(9_999);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(2);
});

test('never has two polls under way', async () => {
  const poll = start(() => new Promise(() => {}));
  polling?.pollNow();
  window.dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});

test('to poll afresh means a request that is sent after the call', async () => {
  const poll = start(slow);
  await vi.advanceTimersByTimeAsync(100);
  let answered = false;
  void polling?.pollAfresh().then(() => (answered = true));
  await vi.advanceTimersByTimeAsync(400);
  expect(poll).toHaveBeenCalledTimes(2);
  expect(answered).toBe(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(answered).toBe(true);
});

test('two who want to poll afresh share the request', async () => {
  const poll = start(slow);
  await vi.advanceTimersByTimeAsync(100);
  void polling?.pollAfresh();
  void polling?.pollAfresh();
  await vi.advanceTimersByTimeAsync(900);
  expect(poll).toHaveBeenCalledTimes(2);
});

test('a hidden page waits longer, and asks at once when it is seen again', async () => {
  const poll = start(async () => true);
  await vi.advanceTimersByTimeAsync(0);
  show('hidden');
  await vi.advanceTimersByTimeAsync(59_999);
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
  void polling?.pollAfresh();
  show('visible');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});

test('rests while the news comes by another way, and goes on as soon as it is told', async () => {
  const poll = start(async () => true);
  await vi.advanceTimersByTimeAsync(0);
  polling?.rest();
  polling?.pollNow();
  show('visible');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
  polling?.resume(400);
  polling?.resume(0);
  await vi.advanceTimersByTimeAsync(399);
  expect(poll).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(poll).toHaveBeenCalledTimes(3);
});

test('a poll that is under way when the rest begins has no successor', async () => {
  const poll = start(slow);
  polling?.rest();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});
