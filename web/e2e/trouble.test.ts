import { describe, expect } from 'vitest';

import { buyFor, crowd } from './support/api';
import { SERVER_GONE, withoutChance } from './support/network';
import { ENGINES, test } from './support/shop';

const QUICK = { prepare: withoutChance };
const BACK_MS_MAX = 20_000;

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test('the shop pauses and goes on while visitors look', async ({ open }) => {
    const shop = await open({ engine, stock: 5 });
    const [ada, bob] = [await shop.enter(), await shop.enter()];
    const order = await bob.buy('bob@example.com');
    await ada.unlocked();

    await shop.server.brake(true);
    await Promise.all([ada.phase('Paused'), bob.phase('Paused')]);
    await ada.reads('The sale is paused.');
    expect(await ada.isLocked()).toBe(true);
    // Who has one is not told that nothing is sold: it is theirs.
    expect(await bob.order()).toBe(order);
    await ada.page.reload();
    await ada.reads('The sale is paused.');

    await shop.server.brake(false);
    await Promise.all([ada.phase('On sale now'), bob.phase('On sale now')]);
    await ada.buy('ada@example.com');
    expect(ada.purchases).toEqual([200]);
  });

  test('a server that stops in order and starts again has its visitors back', async ({ open }) => {
    const shop = await open({ engine, stock: 5 });
    const ada = await shop.enter(QUICK);
    ada.complaints.expect(SERVER_GONE);
    await ada.unlocked();
    await ada.buyerId.fill('ada@example.com');
    await shop.server.stop();
    await ada.phase('Reconnecting');
    await shop.server.start();
    await ada.phase('On sale now', BACK_MS_MAX);
    await ada.buy('ada@example.com');
    await ada.left('4 of 5 left');
    await buyFor(shop.url, crowd(1));
    await ada.left('3 of 5 left', BACK_MS_MAX);
    expect(ada.loads).toBe(1);
  });
});

test('a node that cannot take orders says so, and sells again by itself', async ({ open }) => {
  const settings = { PURCHASE_DEADLINE_MS: '700' };
  const shop = await open({ engine: 'redis', stock: 5, settings });
  const ada = await shop.enter();
  await ada.unlocked();
  shop.ledger.freeze();
  await ada.reads('The shop has trouble taking orders right now.', BACK_MS_MAX);
  // The buyer may press all the same.
  expect(await ada.isLocked()).toBe(false);
  shop.ledger.thaw();
  const trouble = ada.page.getByText('The shop has trouble taking orders right now.');
  await trouble.first().waitFor({ state: 'hidden', timeout: BACK_MS_MAX });
  await ada.buy('ada@example.com');
  expect(ada).toMatchObject({ loads: 1, purchases: [200] });
});

test('a page that never reached the shop carries on once it can', async ({ open }) => {
  const shop = await open({ stock: 5 });
  const ada = await shop.enter({
    prepare: async (page) => {
      await withoutChance(page);
      await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    },
  });
  ada.complaints.expect(SERVER_GONE);
  await ada.phase('Not reachable');
  await ada.reads('The shop cannot be reached.');
  await ada.reads('No signal');
  await ada.page.unroute('**/api/**');
  await ada.phase('On sale now', BACK_MS_MAX);
  await ada.buy('ada@example.com');
  expect(ada.loads).toBe(1);
});

test('a page that is refused the stream asks now and then, and gets it when one is free', async ({
  open,
}) => {
  const shop = await open({ stock: 5, settings: { STREAMS_MAX: '1' } });
  const first = await shop.enter();
  await first.unlocked();
  const second = await shop.enter(QUICK);
  second.complaints.expect(/status of 503 .*\/api\/events/);
  await second.unlocked();
  await buyFor(shop.url, crowd(2));
  await Promise.all([first.left('3 of 5 left'), second.left('3 of 5 left')]);
  expect(first.polls).toBe(1);
  expect(second.polls).toBeGreaterThan(1);
  await second.buy('bob@example.com');
  await first.left('2 of 5 left');

  await first.context.close();
  await expect.poll(() => second.streams.at(-1), { timeout: BACK_MS_MAX }).toBe(200);
  expect(second.streams[0]).toBe(503);
  const { polls } = second;
  await buyFor(shop.url, crowd(1, 'later'));
  await second.left('1 of 5 left');
  expect(second.polls).toBe(polls);
});

test('a stream that brings nothing but holds is bridged by questions', async ({ open }) => {
  const shop = await open({ stock: 5 });
  const ada = await shop.enter({
    prepare: async (page) => {
      await withoutChance(page);
      await page.route('**/api/events', () => {});
    },
  });
  await ada.unlocked();
  await buyFor(shop.url, crowd(1));
  await ada.left('4 of 5 left');
  expect(ada).toMatchObject({ loads: 1, streams: [] });
  expect(ada.polls).toBeGreaterThan(1);
});

test('the content policy is in force, and a breach of it would be noticed', async ({ open }) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter();
  await ada.unlocked();
  expect(ada.complaints.all).toEqual([]);
  ada.complaints.expect(/Content Security Policy/);
  const ran = await ada.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.body.dataset.breached = "yes"';
    document.body.append(script);
    return document.body.dataset.breached ?? 'no';
  });
  expect(ran).toBe('no');
  await expect.poll(() => ada.complaints.all.join()).toContain('Content Security Policy');
});
