import type { Browser, BrowserContextOptions, Locator, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { launchBrowser, visit, type Visitor } from './support/browser';
import { type SaleSettings, startServer } from './support/server';

let browser: Browser;
const leave: (() => Promise<void>)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
});

afterEach(async () => {
  for (const step of leave.splice(0).toReversed()) await step();
});

async function openSale(settings: SaleSettings) {
  const { url, stop } = await startServer(settings);
  leave.push(stop);
  return async (options: BrowserContextOptions = {}) => {
    const visitor = await visit(browser, url, options);
    leave.push(() => visitor.context.close());
    return visitor;
  };
}

/** Locked buttons keep the focus, so they are marked and not disabled. */
const isLocked = async (button: Locator) => (await button.getAttribute('aria-disabled')) === 'true';

async function unlocked({ buyNow }: Visitor) {
  await expect.poll(() => isLocked(buyNow), { timeout: 10_000 }).toBe(false);
}

async function buy(visitor: Visitor, userId: string): Promise<string> {
  await unlocked(visitor);
  await visitor.buyerId.fill(userId);
  await visitor.buyNow.click();
  return orderOn(visitor);
}

/** The order number on the receipt that is on the page. */
async function orderOn({ receipt }: Visitor): Promise<string> {
  const order = await receipt.locator('code').textContent({ timeout: 10_000 });
  expect(order).toMatch(/^[0-9a-f]{32}$/);
  return order ?? '';
}

const greets = (visitor: Visitor, words: string) =>
  visitor.page.getByRole('heading', { name: words }).waitFor({ timeout: 10_000 });

test('a visit: countdown, start, purchase, receipt, the same again, reload, look-up', async () => {
  const enter = await openSale({ stock: 2, start: '4s' });
  const ada = await enter();
  const { page } = ada;

  await page.getByRole('timer', { name: /^Opens in \d seconds?$/ }).waitFor();
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
    'A product to test with',
  );
  expect(await isLocked(ada.buyNow)).toBe(true);
  await ada.buyerId.fill('Ada@Example.com');
  await ada.buyerId.press('Enter');
  let loads = 0;
  page.on('load', () => (loads += 1));
  await unlocked(ada);
  expect(loads).toBe(0);
  expect(ada.purchases).toEqual([]);

  const order = await buy(ada, 'Ada@Example.com');
  await greets(ada, 'It’s yours.');
  expect(ada.purchases).toEqual([200]);

  await page.getByRole('button', { name: 'Order with another id' }).click();
  expect(await buy(ada, 'ADA@EXAMPLE.COM')).toBe(order);
  await greets(ada, 'You already have one.');
  expect(ada.purchases).toEqual([200, 409]);

  await page.reload();
  expect(await orderOn(ada)).toBe(order);

  await page.getByText('Did I get one?').click();
  await page.getByLabel('Look up').fill('ada@example.com');
  await page.getByRole('button', { name: 'Look it up' }).click();
  const found = page.locator('details').getByRole('status').locator('code');
  expect(await found.textContent()).toBe(order);

  const adaElsewhere = await enter();
  expect(await buy(adaElsewhere, 'ada@example.COM')).toBe(order);
  await greets(adaElsewhere, 'You already have one.');
  expect([...ada.complaints, ...adaElsewhere.complaints]).toEqual([]);
});

test('sold out is said to who comes late, and to who presses a moment too late', async () => {
  const enter = await openSale({ stock: 2, start: '1s' });
  const late = await enter();
  // This page hears no more news of the sale, as if the last unit went this very moment.
  await late.page.route('**/api/events', () => {});
  await late.page.reload();
  await unlocked(late);
  await late.page.route('**/api/status', () => {});

  const orders = [await buy(await enter(), 'first'), await buy(await enter(), 'second')];
  expect(new Set(orders).size).toBe(2);

  await late.buyerId.fill('third');
  await late.buyNow.click();
  await late.page.getByText('Sold out, by a moment.').waitFor();
  expect(late.purchases).toEqual([410]);

  const later = await enter();
  await later.page.getByText('They are all gone.').waitFor();
  expect(await later.page.getByRole('meter').getAttribute('aria-valuetext')).toBe('0 of 2 left');
  expect(await later.buyNow.count()).toBe(0);
  expect([...late.complaints, ...later.complaints]).toEqual([]);
});

test('a security cookie that is lost costs one retry and not the purchase', async () => {
  const enter = await openSale({ stock: 2, start: '1s' });
  const visitor = await enter();
  await unlocked(visitor);
  // The token is fetched ahead of the press; take the cookie away only once it is there.
  await expect.poll(async () => (await visitor.context.cookies()).length).toBe(1);
  await visitor.context.clearCookies();
  await buy(visitor, 'grace@example.com');
  await greets(visitor, 'It’s yours.');
  expect(visitor.purchases).toEqual([403, 200]);
  expect(visitor.complaints).toEqual([]);
});

test('a double click sends one purchase', async () => {
  const enter = await openSale({ stock: 2, start: '1s' });
  const visitor = await enter();
  await unlocked(visitor);
  await visitor.buyerId.fill('grace@example.com');
  await visitor.buyNow.dblclick();
  await orderOn(visitor);
  // Long enough for a second request to be seen, had there been one.
  await visitor.page.waitForTimeout(500);
  expect(visitor.purchases).toEqual([200]);
  await greets(visitor, 'It’s yours.');
  expect(visitor.complaints).toEqual([]);
});

/** The server gets the next purchase and answers; the browser never hears of it. */
async function loseNextAnswer({ page }: Visitor, then: (route: Route) => Promise<void>) {
  const lost: { order?: string } = {};
  const lose = async (route: Route) => {
    lost.order = ((await (await route.fetch()).json()) as { orderId: string }).orderId;
    await then(route);
  };
  await page.route('**/api/purchase', lose, { times: 1 });
  return lost;
}

test('an answer lost on the way is asked for again by itself, and is the same order', async () => {
  const visitor = await (await openSale({ stock: 1, start: '1s' }))();
  await unlocked(visitor);
  const lost = await loseNextAnswer(visitor, (route) => route.abort());
  await visitor.buyerId.fill('grace@example.com');
  await visitor.buyNow.click();
  await visitor.page.getByText('No connection to the shop.').waitFor();
  expect(await orderOn(visitor)).toBe(lost.order);
  // The same key makes it the same purchase: not "already", although all is sold by now.
  await greets(visitor, 'It’s yours.');
  expect(visitor.purchases).toEqual([0, 200]);
  expect(visitor.complaints).toEqual([expect.stringContaining('net::ERR_FAILED')]);
});

test('a purchase that a reload cuts off is taken up again, with the same order', async () => {
  const visitor = await (await openSale({ stock: 1, start: '1s' }))();
  await unlocked(visitor);
  const lost = await loseNextAnswer(visitor, async () => {});
  await visitor.buyerId.fill('grace@example.com');
  await visitor.buyNow.click();
  await expect.poll(() => lost.order).toBeDefined();
  await visitor.page.reload();
  await visitor.page.getByText('Your last order got no answer.').waitFor();
  expect(await orderOn(visitor)).toBe(lost.order);
  await greets(visitor, 'It’s yours.');
  expect(visitor.purchases.at(-1)).toBe(200);
  expect(visitor.complaints).toEqual([]);
});

test('a visitor whose clock is wrong waits for the same start', async () => {
  const enter = await openSale({ stock: 2, start: '3s' });
  const visitor = await enter();
  await visitor.page.addInitScript(() => {
    const trueNow = Date.now.bind(Date);
    Date.now = () => trueNow() + 86_400_000;
  });
  await visitor.page.reload();
  await visitor.page.getByRole('timer', { name: /^Opens in \d seconds?$/ }).waitFor();
  expect(await isLocked(visitor.buyNow)).toBe(true);
  await buy(visitor, 'from-tomorrow');
  expect(visitor.purchases).toEqual([200]);
  expect(visitor.complaints).toEqual([]);
});

test('a reload and a new tab count down from the server’s time, not from a kept answer', async () => {
  const enter = await openSale({ stock: 2, start: '40s' });
  const visitor = await enter();
  await visitor.page.getByRole('timer', { name: /^Opens in \d+ seconds$/ }).waitFor();
  // Long enough that a time from before stands out, and that a poll has come between.
  await visitor.page.waitForTimeout(5_000);
  await visitor.page.reload();
  const tab = await visitor.context.newPage();
  await tab.goto(visitor.page.url());
  for (const page of [visitor.page, tab]) {
    const timer = page.getByRole('timer', { name: /^Opens in \d+ seconds$/ });
    const shown = Number((await timer.getAttribute('aria-label'))?.match(/\d+/)?.[0]);
    const left = await page.evaluate(async () => {
      const answer = await fetch('/api/status', { cache: 'no-store' });
      const { startsAt, serverTime } = (await answer.json()) as Record<string, number>;
      return ((startsAt ?? 0) - (serverTime ?? 0)) / 1000;
    });
    expect(Math.abs(shown - left)).toBeLessThan(2);
  }
  expect(visitor.complaints).toEqual([]);
});

test('buys by keyboard alone', async () => {
  const enter = await openSale({ stock: 2, start: '1s' });
  const visitor = await enter();
  await unlocked(visitor);
  const { keyboard } = visitor.page;
  await keyboard.press('Tab');
  await keyboard.type('ab');
  await keyboard.press('Tab');
  await keyboard.press('Space');
  // Refused in the browser: the focus is back in the field, at its end.
  await visitor.page.getByText('too short').waitFor();
  await keyboard.press('End');
  await keyboard.type('igail');
  await keyboard.press('Enter');
  await orderOn(visitor);
  const focused = await visitor.page.evaluate(() => document.activeElement?.textContent);
  expect(focused).toBe('It’s yours.');
  expect(visitor.purchases).toEqual([200]);
  expect(visitor.complaints).toEqual([]);
});

test('the content policy is in force, and a breach of it would be noticed', async () => {
  const enter = await openSale({ stock: 2, start: '1s' });
  const visitor = await enter();
  await visitor.buyNow.waitFor();
  expect(visitor.complaints).toEqual([]);
  const ran = await visitor.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.body.dataset.breached = "yes"';
    document.body.append(script);
    return document.body.dataset.breached ?? 'no';
  });
  expect(ran).toBe('no');
  await expect.poll(() => visitor.complaints.join()).toContain('Content Security Policy');
});
