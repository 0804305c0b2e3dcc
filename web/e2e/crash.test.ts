import { describe, expect } from 'vitest';

import { buyFor, crowd, orderInBooks, statusOf } from './support/api';
import { holdNext, loseNext, SERVER_GONE, withoutChance } from './support/network';
import { ENGINES, test } from './support/shop';

const ADA = 'ada@example.com';
const QUICK = { prepare: withoutChance };

describe.each(ENGINES)('a server that dies in mid-purchase, with the ledger in %s', (engine) => {
  test('before the order arrived: it arrives once, when the server is back', async ({ open }) => {
    const shop = await open({ engine, stock: 3 });
    const ada = await shop.enter(QUICK);
    ada.complaints.expect(SERVER_GONE);
    const held = await holdNext(ada);
    await ada.press(ADA);
    await ada.reads('Sending your order');
    await shop.server.kill();
    await held.release();
    await ada.reads('No connection to the shop.');
    await ada.reads('Asking again');
    await shop.server.start();
    const order = await ada.order(20_000);
    await ada.reads('It’s yours.');
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
    expect((await statusOf(shop.url)).sold).toBe(1);
    expect(new Set(ada.keys).size).toBe(1);
    await ada.left('2 of 3 left', 20_000);
  });

  test('after it was stored: the same order is told, although all are sold', async ({ open }) => {
    const shop = await open({ engine, stock: 3 });
    const ada = await shop.enter(QUICK);
    ada.complaints.expect(SERVER_GONE);
    const lost = await loseNext(ada, async (route) => {
      await buyFor(shop.url, crowd(2));
      await shop.server.kill();
      await route.abort('connectionreset');
    });
    await ada.press(ADA);
    await ada.reads('No connection to the shop.');
    await shop.server.start();
    expect(await ada.order(20_000)).toBe(lost.order);
    await ada.reads('It’s yours.');
    expect(await orderInBooks(shop.url, ADA)).toBe(lost.order);
    expect((await statusOf(shop.url)).sold).toBe(3);
    await ada.phase('Sold out', 20_000);
  });

  test('while all were sold to others: the truth is on the screen', async ({ open }) => {
    const shop = await open({ engine, stock: 2 });
    const ada = await shop.enter(QUICK);
    ada.complaints.expect(SERVER_GONE);
    const held = await holdNext(ada);
    await ada.press(ADA);
    await buyFor(shop.url, crowd(2));
    await shop.server.kill();
    await held.release();
    await ada.reads('No connection to the shop.');
    await shop.server.start();
    await ada.reads('Sold out, by a moment.', 20_000);
    expect(await ada.receipt.count()).toBe(0);
    expect(await orderInBooks(shop.url, ADA)).toBeNull();
  });
});

describe('a Redis in trouble in mid-purchase', () => {
  // So that the server says early that it cannot answer.
  const settings = { PURCHASE_DEADLINE_MS: '700' };

  test('it stands still and goes on: one order', async ({ open }) => {
    const shop = await open({ engine: 'redis', stock: 3, settings });
    const ada = await shop.enter(QUICK);
    await ada.unlocked();
    shop.ledger.freeze();
    await ada.press(ADA);
    await ada.reads('Very many people are buying right now.');
    await ada.reads(/^Try [2-9] of 20$/);
    shop.ledger.thaw();
    const order = await ada.order(20_000);
    expect(ada.purchases.at(0)).toBe(503);
    expect(new Set(ada.keys).size).toBe(1);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
    expect((await statusOf(shop.url)).sold).toBe(1);
  });

  test('it dies and comes back with its files: one order', async ({ open }) => {
    const shop = await open({ engine: 'redis', durability: 'fsync', stock: 3, settings });
    await buyFor(shop.url, crowd(1));
    const ada = await shop.enter(QUICK);
    await ada.unlocked();
    await shop.ledger.kill();
    await ada.press(ADA);
    await ada.reads('Very many people are buying right now.');
    await ada.reads('The shop has trouble taking orders right now.', 20_000);
    await shop.ledger.restart();
    const order = await ada.order(20_000);
    expect(ada.purchases.at(0)).toBe(503);
    expect(new Set(ada.keys).size).toBe(1);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
    expect(await orderInBooks(shop.url, 'crowd-1')).toMatch(/^[0-9a-f]{32}$/);
    expect((await statusOf(shop.url)).sold).toBe(2);
  });

  // In each it dies before the server gives up on it.
  test.for([
    { back: 'at once', deadlineMs: 8_000, says: /^Sending your order|^Very many people/ },
    { back: 'late', deadlineMs: 4_000, says: /^Very many people are buying right now\.$/ },
  ])('it dies with the order on its way and is back $back: one order', async (given, { open }) => {
    const shop = await open({
      engine: 'redis',
      durability: 'fsync',
      stock: 3,
      settings: { PURCHASE_DEADLINE_MS: String(given.deadlineMs) },
    });
    await buyFor(shop.url, crowd(1));
    const ada = await shop.enter(QUICK);
    await ada.unlocked();
    shop.ledger.freeze();
    await ada.press(ADA);
    await ada.reads('Sending your order');
    await expect.poll(() => ada.keys.length).toBe(1);
    expect(ada.purchases).toEqual([]);
    await shop.ledger.kill();
    await ada.reads(given.says);
    await shop.ledger.restart();
    const order = await ada.order(20_000);
    await ada.reads('It’s yours.');
    expect(ada.purchases.at(-1)).toBe(200);
    expect(new Set(ada.keys).size).toBe(1);
    expect(await orderInBooks(shop.url, ADA)).toBe(order);
    expect(await orderInBooks(shop.url, 'crowd-1')).toMatch(/^[0-9a-f]{32}$/);
    expect((await statusOf(shop.url)).sold).toBe(2);
    await ada.left('1 of 3 left', 20_000);
  });
});
