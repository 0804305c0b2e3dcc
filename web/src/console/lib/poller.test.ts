import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Poller, startPoller } from './poller';

let poller: Poller | undefined;
let visibility: DocumentVisibilityState = 'visible';

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});

afterEach(() => {
  poller?.stop();
  vi.useRealTimers();
});

/** Waits a second after a success, ten after a failure, and a minute while hidden. */
function start(poll: () => Promise<boolean>) {
  const spy = vi.fn(poll);
  poller = startPoller(spy, ({ failuresInARow, hidden }) =>
    hidden ? 60_000 : failuresInARow > 0 ? 10_000 : 1_000,
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
});

test('a poll that breaks is a failure, and one success is enough to recover', async () => {
  const poll = start(async () => true);
  poll.mockRejectedValueOnce(new Error('broken'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(poll).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(poll).toHaveBeenCalledTimes(4);
});

test('to poll now means a request that is sent after the call', async () => {
  const poll = start(slow);
  await vi.advanceTimersByTimeAsync(100);
  let answered = false;
  void poller?.pollNow().then(() => (answered = true));
  await vi.advanceTimersByTimeAsync(400);
  expect(poll).toHaveBeenCalledTimes(2);
  expect(answered).toBe(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(answered).toBe(true);
});

test('two who want to poll now share the request', async () => {
  const poll = start(slow);
  await vi.advanceTimersByTimeAsync(100);
  void poller?.pollNow();
  void poller?.pollNow();
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
  poller?.stop();
  void poller?.pollNow();
  show('visible');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(poll).toHaveBeenCalledTimes(1);
});
