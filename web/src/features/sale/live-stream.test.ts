import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { openStatusEvents } from '@/lib/api/status-events';
import { fakeEvents } from '@/testing/fake-events';
import { statusJson } from '@/testing/fake-shop';

import { startLiveStream } from './live-stream';

let stop = () => {};
let visibility: DocumentVisibilityState = 'visible';

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

function start(random = 1) {
  const server = fakeEvents();
  const onStatus = vi.fn();
  const lives: boolean[] = [];
  stop = startLiveStream({
    open: openStatusEvents,
    onStatus,
    onLive: (live) => lives.push(live),
    random: () => random,
  });
  return { server, onStatus, lives, last: () => server.opened.at(-1) };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function show(state: DocumentVisibilityState) {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

test('is live from the first event on, and hands each one over', () => {
  const { server, onStatus, lives, last } = start();
  expect(server.opened.map(({ path }) => path)).toEqual(['/api/events']);
  expect(lives).toEqual([]);
  last()?.send(statusJson());
  last()?.send(statusJson({ sold: 8 }));
  expect(lives).toEqual([true]);
  expect(onStatus.mock.calls.map(([{ status }]) => status.sold)).toEqual([7, 8]);
});

test('one that ends is closed, and opened again after a wait of the page’s own', async () => {
  const { server, lives, last } = start();
  last()?.send(statusJson());
  last()?.end();
  expect(lives).toEqual([true, false]);
  expect(server.open()).toHaveLength(0);
  await pass(4_999);
  expect(server.opened).toHaveLength(1);
  await pass(1);
  expect(server.open()).toHaveLength(1);
});

test('the waits grow with each refusal, up to a minute, and one good stream ends that', async () => {
  const { server, last } = start();
  const endAndWait = async (wait: number) => {
    const before = server.opened.length;
    last()?.end();
    await pass(wait - 1);
    expect(server.opened).toHaveLength(before);
    await pass(1);
    expect(server.opened).toHaveLength(before + 1);
  };
  await endAndWait(5_000);
  await endAndWait(10_000);
  await endAndWait(20_000);
  await endAndWait(40_000);
  await endAndWait(60_000);
  await endAndWait(60_000);
  last()?.send(statusJson());
  await pass(20_000);
  await endAndWait(5_000);
});

test('a stream that ends right after its first event is no good one', async () => {
  const { server, last } = start();
  last()?.end();
  await pass(5_000);
  last()?.send(statusJson());
  last()?.end();
  await pass(9_999);
  expect(server.opened).toHaveLength(2);
  await pass(1);
  expect(server.opened).toHaveLength(3);
});

test('the pages of a server that stops do not come back in one moment', async () => {
  const early = start(0);
  early.last()?.end();
  await pass(500);
  expect(early.server.opened).toHaveLength(2);
});

test('one that brings nothing for 40 s is dead', async () => {
  const { server, lives, last } = start();
  last()?.send(statusJson());
  await pass(39_999);
  last()?.send(statusJson());
  await pass(39_999);
  expect(server.open()).toHaveLength(1);
  await pass(1);
  expect(server.open()).toHaveLength(0);
  expect(lives).toEqual([true, false]);
});

test('so is one that never brings its first event', async () => {
  const { server } = start();
  await pass(40_000);
  expect(server.open()).toHaveLength(0);
  await pass(5_000);
  expect(server.open()).toHaveLength(1);
});

test.each(['{', '{}', JSON.stringify(statusJson({ stock: -1 }))])(
  'one that says %s is not believed',
  (text) => {
    const { server, onStatus, last } = start();
    last()?.sendText(text);
    expect(onStatus).not.toHaveBeenCalled();
    expect(server.open()).toHaveLength(0);
  },
);

test('a hidden page gives its stream back after a while, and has one at once when seen', async () => {
  const { server, lives, last } = start();
  last()?.send(statusJson());
  show('hidden');
  await pass(29_999);
  expect(server.open()).toHaveLength(1);
  await pass(1);
  expect(server.open()).toHaveLength(0);
  expect(lives).toEqual([true, false]);
  await pass(120_000);
  expect(server.opened).toHaveLength(1);
  show('visible');
  expect(server.open()).toHaveLength(1);
});

test('a short look away costs no stream', async () => {
  const { server } = start();
  show('hidden');
  await pass(10_000);
  show('visible');
  await pass(25_000);
  expect(server.opened).toHaveLength(1);
  expect(server.open()).toHaveLength(1);
});

test('without a network there is no stream; with one again there is, at once', async () => {
  const { server } = start();
  window.dispatchEvent(new Event('offline'));
  expect(server.open()).toHaveLength(0);
  await pass(120_000);
  expect(server.opened).toHaveLength(1);
  window.dispatchEvent(new Event('online'));
  expect(server.open()).toHaveLength(1);
});

test('stops for good', async () => {
  const { server, last } = start();
  last()?.end();
  stop();
  show('visible');
  window.dispatchEvent(new Event('online'));
  await pass(120_000);
  expect(server.opened).toHaveLength(1);
});
