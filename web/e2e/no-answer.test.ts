import { describe, expect } from 'vitest';

import { orderInBooks, statusOf } from './support/api';
import { answerOnce, holdNext, loseNext, withoutChance } from './support/network';
import { ENGINES, test } from './support/shop';

type Answer = [status: number, body: unknown, contentType?: string];

const ADA = 'ada@example.com';

const NO_ANSWERS: { name: string; answer: Answer; says: string }[] = [
  {
    name: 'busy',
    answer: [503, { status: 'busy', retryAfterMs: 1_500, message: 'Later.', correlationId: 'b1' }],
    says: 'Very many people are buying right now.',
  },
  {
    name: 'rate_limited',
    answer: [
      429,
      { error: 'rate_limited', retryAfterMs: 1_500, message: 'Slower.', correlationId: 'r1' },
    ],
    says: 'The shop asks you to wait 2 seconds.',
  },
  {
    name: 'check_unavailable',
    answer: [
      503,
      { error: 'check_unavailable', retryAfterMs: 1_500, message: 'Later.', correlationId: 'c1' },
    ],
    says: 'The shop’s check of your browser does not answer.',
  },
  {
    name: 'request_timeout',
    answer: [408, { error: 'request_timeout', message: 'Too slow.', correlationId: 't1' }],
    says: 'No connection to the shop.',
  },
  {
    name: 'internal',
    answer: [500, { error: 'internal', message: 'Something broke.', correlationId: 'i1' }],
    says: 'Something broke in the shop.',
  },
  {
    name: 'a log-in page of somebody else’s network',
    answer: [200, '<!doctype html><title>Welcome</title>', 'text/html'],
    says: 'The answer made no sense.',
  },
  {
    name: 'a gateway that finds no server',
    answer: [502, '<h1>Bad Gateway</h1>', 'text/html'],
    says: 'The answer made no sense.',
  },
];

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test.for(NO_ANSWERS)('$name is asked again by itself', async ({ answer, says }, { open }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter();
    await answerOnce(ada, ...answer);
    await ada.press(ADA);
    await ada.reads(says);
    await ada.reads('Try 2 of 20');
    const order = await ada.order();
    expect(ada.purchases).toEqual([answer[0], 200]);
    expect(new Set(ada.keys).size).toBe(1);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
  });

  test('the time that the shop asks for is kept, by the page and by the buyer', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter({ prepare: withoutChance });
    await answerOnce(ada, 429, {
      error: 'rate_limited',
      retryAfterMs: 2_500,
      message: 'Slower.',
      correlationId: 'r2',
    });
    await ada.press(ADA);
    // Locked, so a press does nothing.
    await ada.page.getByRole('button', { name: 'Try now' }).click({ force: true });
    const since = Date.now();
    expect(ada.purchases).toEqual([429]);
    await ada.order();
    expect(Date.now() - since).toBeGreaterThan(1_500);
    expect(ada.purchases).toEqual([429, 200]);
  });

  test('an answer lost on the way is asked for again, and is the same order', async ({ open }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter();
    ada.complaints.expect(/net::ERR_FAILED/);
    const lost = await loseNext(ada, (route) => route.abort());
    await ada.press(ADA);
    await ada.reads('No connection to the shop.');
    expect(await ada.order()).toBe(lost.order);
    // The same key makes it the same purchase: not "already", although all is sold by now.
    await ada.reads('It’s yours.');
    expect(ada.purchases).toEqual([0, 200]);
  });

  test('who stops the tries is left alone, also after a reload, and may ask again', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter();
    await answerOnce(ada, 500, { error: 'internal', message: 'Broken.', correlationId: 'i2' });
    await ada.press(ADA);
    await ada.page.getByRole('button', { name: 'Stop trying' }).click();
    await ada.reads('Stopped, without an answer.');
    await ada.page.reload();
    await ada.reads('Stopped, without an answer.');
    // Longer than the first wait before a try.
    await ada.page.waitForTimeout(1_500);
    expect(ada.purchases).toEqual([500]);
    await ada.page.getByRole('button', { name: 'Ask again' }).click();
    await ada.order();
    expect(ada.purchases).toEqual([500, 200]);
    expect(new Set(ada.keys).size).toBe(1);
  });

  test('a purchase that an impatient reload cuts off is taken up again', async ({ open }) => {
    const shop = await open({ engine, stock: 1 });
    const ada = await shop.enter();
    const lost = await loseNext(ada, async () => {});
    await ada.press(ADA);
    await expect.poll(() => lost.order).toBeDefined();
    await ada.page.reload();
    await ada.reads('Your last order got no answer.');
    expect(await ada.order()).toBe(lost.order);
    await ada.reads('It’s yours.');
    expect(new Set(ada.keys).size).toBe(1);
    expect((await statusOf(shop.url)).sold).toBe(1);
  });

  test('a double click, and Enter on top of it, send one purchase', async ({ open }) => {
    const shop = await open({ engine, stock: 2 });
    const ada = await shop.enter();
    const held = await holdNext(ada);
    await ada.unlocked();
    await ada.buyerId.fill(ADA);
    await ada.button.dblclick();
    await ada.buyerId.press('Enter');
    await ada.reads('Sending your order');
    // Long enough for a second request to be seen, had there been one.
    await ada.page.waitForTimeout(300);
    expect(ada.keys.length).toBe(1);
    await held.release();
    await ada.order();
    await ada.reads('It’s yours.');
    expect(ada.purchases).toEqual([200]);
  });
});
