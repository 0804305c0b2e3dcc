import type { Page, Route } from 'playwright-core';

import { type Status, statusOf } from './api';
import type { Visitor } from './visitor';

const PURCHASE = '**/api/purchase';
const EVENTS = '**/api/events';
const STATUS = '**/api/status';

/** The complaints of a page whose server is not there. */
export const SERVER_GONE =
  /net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;

/**
 * Holds back what the shop tells from now on, before the page loads: it knows nothing but the status
 * that is given here. Purchases still go to the real server.
 */
export function toldOnly(url: string, changes: Partial<Status> = {}) {
  return async (page: Page): Promise<void> => {
    const status = await statusOf(url);
    await page.route(EVENTS, () => {});
    await page.route(STATUS, async (route) => {
      const serverTime = changes.serverTime ?? Date.now();
      await route.fulfill({ json: { ...status, ...changes, serverTime } });
    });
  };
}

/** The shop is there and says nothing. */
export async function toldNothing(page: Page): Promise<void> {
  await page.route('**/api/**', () => {});
}

/** The next purchase gets this answer instead of the server's own. */
export async function answerOnce(
  { page }: Visitor,
  status: number,
  body: unknown,
  contentType = 'application/json',
): Promise<void> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = (route: Route) => route.fulfill({ status, contentType, body: text });
  await page.route(PURCHASE, answer, { times: 1 });
}

/** Purchases reach the server in another form than the page has given them. */
export async function tamper(
  { page }: Visitor,
  changes: { postData?: string; withoutHeader?: string },
): Promise<void> {
  await page.route(PURCHASE, async (route) => {
    const { [changes.withoutHeader ?? '']: _, ...headers } = route.request().headers();
    const { postData } = changes;
    await route.continue({ headers, ...(postData === undefined ? {} : { postData }) });
  });
}

/** The next purchase stays on the way until `release` is called. */
export async function holdNext({ page }: Visitor): Promise<{ release: () => Promise<void> }> {
  const held: Route[] = [];
  await page.route(PURCHASE, (route) => void held.push(route), { times: 1 });
  return { release: async () => held[0]?.continue() };
}

/**
 * The server gets the next purchase and answers, and the browser never hears of it. `then` says what
 * becomes of the browser's side; what is returned gets the order that was made.
 */
export async function loseNext(
  { page }: Visitor,
  then: (route: Route) => Promise<void>,
): Promise<{ order?: string }> {
  const lost: { order?: string } = {};
  const lose = async (route: Route) => {
    lost.order = ((await (await route.fetch()).json()) as { orderId: string }).orderId;
    await then(route);
  };
  await page.route(PURCHASE, lose, { times: 1 });
  return lost;
}

/** Takes chance out of the waits of a page: each comes out as short as it can be. */
export async function withoutChance(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Math.random = () => 0;
  });
}
