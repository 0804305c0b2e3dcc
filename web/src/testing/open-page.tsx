import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';

import { App } from '@/app/app';
import { createServices } from '@/app/services';
import { Spoken } from '@/app/spoken';
import { loadWords } from '@/lib/words';

import { fakeEvents } from './fake-events';
import { fakeShop, ORDER_ID, statusJson } from './fake-shop';

/** The whole page before a fake shop, and the hands of the person who uses it. */

export const PURCHASED = { json: { status: 'purchased', orderId: ORDER_ID } };
const NO_CHECK = { json: { check: 'none' } };
const TOKEN = { json: { csrfToken: 'token' } };

type Routes = Parameters<typeof fakeShop>[0];

let leave = () => {};

/** Each test begins with an empty browser and a time that stands still. */
export function eachWithItsOwnBrowser() {
  beforeEach(() => {
    localStorage.clear();
    vi.useFakeTimers();
  });
  afterEach(() => {
    leavePage();
    vi.useRealTimers();
  });
}

export const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

export async function openPage(routes: Routes) {
  const shop = fakeShop({ 'GET /api/csrf': TOKEN, 'GET /api/check': NO_CHECK, ...routes });
  const events = fakeEvents();
  const services = createServices();
  leave = services.feed.start();
  render(
    <Spoken words={await loadWords('en')}>
      <App services={services} />
    </Spoken>,
  );
  await pass(10);
  /** Sends news by the live stream. */
  const send = (changes: Record<string, unknown>) =>
    act(() => events.open()[0]?.send(statusJson(changes)));
  return { ...shop, send };
}

export async function reload(routes: Routes) {
  leavePage();
  return openPage(routes);
}

function leavePage() {
  leave();
  cleanup();
}

export const active = (changes = {}) => ({ 'GET /api/status': { json: statusJson(changes) } });

export const button = (name: string | RegExp) => screen.getByRole('button', { name });
export const isLocked = (element: HTMLElement) => element.getAttribute('aria-disabled') === 'true';
export const field = () => screen.getByLabelText<HTMLInputElement>('E-mail or customer id');

/** Types an id, if one is given, and presses a button. */
export async function press(userId?: string, name: string | RegExp = 'Buy now') {
  if (userId !== undefined) fireEvent.change(field(), { target: { value: userId } });
  fireEvent.click(button(name));
  await pass(10);
}
