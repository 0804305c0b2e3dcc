import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { BrowserContext, Route } from 'playwright-core';

import { lifeAt, rushSample, STOCK } from './rush';

export const CONSOLE_URL = 'http://127.0.0.1:4001/';

/** The policy under which the server gives the pages out. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SAMPLES_KEPT = 900;
const SALE_MS = 2 * 3_600_000;

/** A node's admin listener inside the browser, whose state a test sets as it goes. */
export interface FakeAdmin {
  signedIn: boolean;
  /** Whether nothing answers. */
  gone: boolean;
  paused: boolean;
  reasons: string[];
  /** What the next change of the brake is answered with. */
  brakeStatus: number;
  /** The bodies of the changes of the brake. */
  brakes: unknown[];
  /** The searches and places that orders were asked for with. */
  orderQueries: URLSearchParams[];
}

/** Answers for the built console in `dist`, as of `secondsIn` after the start of the sale. */
export async function startFakeAdmin(
  context: BrowserContext,
  dist: string,
  { secondsIn, signedIn = true }: { secondsIn: number; signedIn?: boolean },
): Promise<FakeAdmin> {
  const startsAt = Math.floor(Date.now() / 1_000) * 1_000 - secondsIn * 1_000;
  const admin: FakeAdmin = {
    signedIn,
    gone: false,
    paused: false,
    reasons: [],
    brakeStatus: 200,
    brakes: [],
    orderQueries: [],
  };
  await context.route(`${CONSOLE_URL}**`, async (route) => {
    if (admin.gone) return route.abort('connectionrefused');
    const { pathname } = new URL(route.request().url());
    return pathname.startsWith('/admin/')
      ? answer(admin, route, startsAt)
      : giveFile(route, dist, pathname === '/' ? '/console.html' : pathname);
  });
  return admin;
}

async function giveFile(route: Route, dist: string, path: string) {
  const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' };
  types.css = 'text/css';
  types.svg = 'image/svg+xml';
  await route.fulfill({
    body: await readFile(join(dist, path)),
    contentType: types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    headers: { 'Content-Security-Policy': POLICY },
  });
}

async function answer(admin: FakeAdmin, route: Route, startsAt: number) {
  const request = route.request();
  const { pathname, searchParams } = new URL(request.url());
  const json = (body: unknown, status = 200) =>
    route.fulfill({
      status,
      json: body,
      headers: { 'Correlation-Id': '310af4b50f6d92028812bb22a5749146' },
    });
  const change = `${request.method()} ${pathname}`;
  if (change === 'POST /admin/session') {
    admin.signedIn = (request.postDataJSON() as { token: string }).token === 'open sesame';
    return admin.signedIn ? route.fulfill({ status: 204 }) : json({ error: 'unauthorized' }, 401);
  }
  if (!admin.signedIn) return json({ error: 'unauthorized' }, 401);
  switch (change) {
    case 'DELETE /admin/session':
      admin.signedIn = false;
      return route.fulfill({ status: 204 });
    case 'PUT /admin/brake': {
      const { paused } = request.postDataJSON() as { paused: boolean };
      admin.brakes.push(paused);
      if (admin.brakeStatus !== 200) return json({ status: 'busy' }, admin.brakeStatus);
      admin.paused = paused;
      return json({ paused, pausedAt: paused ? Date.now() : null });
    }
    case 'GET /admin/live':
      return json(live(admin, startsAt, Number(searchParams.get('after') ?? -1)));
    case 'GET /admin/orders':
      admin.orderQueries.push(searchParams);
      return json(orders(searchParams, startsAt));
    default:
      return json(sale(startsAt));
  }
}

function live({ paused, reasons }: FakeAdmin, startsAt: number, after: number) {
  const now = Date.now();
  const second = Math.floor((now - startsAt) / 1_000) - 1;
  const ready = reasons.length === 0;
  const samples = Array.from({ length: SAMPLES_KEPT }, (_, index) => index - SAMPLES_KEPT + 1)
    .map((back) => rushSample(second + back, startsAt))
    .filter(({ sequence }) => sequence > after);
  const { sold, left } = lifeAt(second);
  const status = second < 0 ? 'upcoming' : left === 0 ? 'sold_out' : 'active';
  return {
    now,
    state: {
      status,
      paused,
      pausedAt: paused ? now - 131_000 : null,
      ready,
      reasons,
      sold,
      stock: left,
      queueMax: 16_384,
      connectionsMax: 20_000,
      streamsMax: 10_000,
    },
    samples,
  };
}

function orders(query: URLSearchParams, startsAt: number) {
  const after = Number(query.get('after') ?? 0);
  const limit = Number(query.get('limit'));
  const found = Array.from({ length: limit }, (_, index) => {
    const unit = after + index + 1;
    return {
      unit,
      orderId: (unit * 2_654_435_761).toString(16).padStart(12, '0').repeat(3).slice(0, 32),
      userId:
        unit === 3 ? `${'a-very-long-name.'.repeat(6)}@example.com` : `ada.${unit}@example.com`,
      orderedAt: startsAt + unit * 3,
      idempotencyKey: unit % 3 === 0 ? null : `press-${unit.toString(36)}`,
    };
  }).filter(({ userId }) => userId.includes(query.get('search') ?? ''));
  return { orders: found, next: after + limit < STOCK ? after + limit : null, sold: STOCK };
}

function sale(startsAt: number) {
  return {
    saleId: 'winter-drop',
    productId: 'AL-042',
    productDescription: 'Alba Stacking Dishes, Vermilion',
    stock: STOCK,
    startsAt,
    endsAt: startsAt + SALE_MS,
    engine: 'sqlite',
    place: '/var/lib/flashsale/winter-drop.sqlite3',
    version: '0.1.0',
    nodeStartedAt: startsAt - 4_000_000,
    address: '127.0.0.1:4000',
    settings: [
      { name: 'HOST', value: '127.0.0.1' },
      { name: 'PORT', value: '4000' },
      { name: 'PURCHASE_QUEUE_MAX', value: '16384' },
      { name: 'CONNECTIONS_MAX', value: '20000' },
      { name: 'SECURE_COOKIES', value: 'true' },
    ],
  };
}
