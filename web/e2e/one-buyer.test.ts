import { describe, expect } from 'vitest';

import { orderInBooks, statusOf } from './support/api';
import { holdNext, loseNext, withoutChance } from './support/network';
import { ENGINES, test } from './support/shop';

const ADA = 'ada@example.com';

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test('both tabs press at once: one order, in both', async ({ open }) => {
    const shop = await open({ engine, stock: 5 });
    const here = await shop.enter();
    const there = await shop.tabOf(here);
    const held = [await holdNext(here), await holdNext(there)];
    await here.press(ADA);
    await there.press(ADA);
    await Promise.all(held.map(({ release }) => release()));
    const orders = [await here.order(), await there.order()];
    expect(orders[0]).toBe(orders[1]);
    expect(await orderInBooks(shop.url, ADA)).toBe(orders[0]);
    expect((await statusOf(shop.url)).sold).toBe(1);
  });

  test('an order in one tab is the receipt in the other, where nobody pressed', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 5 });
    const here = await shop.enter();
    const there = await shop.tabOf(here);
    await there.unlocked();
    const order = await here.buy(ADA);
    expect(await there.order()).toBe(order);
    expect(there).toMatchObject({ loads: 1, purchases: [] });
  });

  test('the network goes in mid-purchase and comes back: one order', async ({ open }) => {
    const shop = await open({ engine, stock: 5 });
    const ada = await shop.enter({ prepare: withoutChance });
    ada.complaints.expect(/net::ERR_INTERNET_DISCONNECTED/);
    const lost = await loseNext(ada, async (route) => {
      await ada.context.setOffline(true);
      await route.abort('internetdisconnected');
    });
    await ada.press(ADA);
    await ada.phase('Offline');
    await ada.reads('Waiting for your connection');
    await ada.page.waitForTimeout(1_500);
    // Without a network nothing is tried, and no try is used up.
    expect(ada.purchases).toEqual([0]);
    await ada.reads('Try 2 of 20');
    await ada.context.setOffline(false);
    expect(await ada.order()).toBe(lost.order);
    await ada.phase('On sale now');
    expect(ada.purchases).toEqual([0, 200]);
    expect((await statusOf(shop.url)).sold).toBe(1);
  });

  test('the network goes for a while and nobody pressed: the news comes after it', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 5 });
    const ada = await shop.enter({ prepare: withoutChance });
    ada.complaints.expect(/net::ERR_INTERNET_DISCONNECTED/);
    await ada.left('5 of 5 left');
    await ada.context.setOffline(true);
    await ada.phase('Offline');
    const bob = await shop.enter();
    await bob.buy('bob@example.com');
    expect(await ada.meter.getAttribute('aria-valuetext')).toBe('5 of 5 left');
    await ada.context.setOffline(false);
    await ada.left('4 of 5 left');
    await ada.phase('On sale now');
    expect(ada.loads).toBe(1);
  });
});

test('buys by keyboard alone, and the focus is where the answer is', async ({ open }) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter();
  await ada.unlocked();
  const { keyboard } = ada.page;
  await keyboard.press('Tab');
  await keyboard.type('ab');
  await keyboard.press('Tab');
  await keyboard.press('Space');
  // Refused in the browser: the focus is back in the field, at its end.
  await ada.reads(/too short/);
  await keyboard.press('End');
  await keyboard.type('igail');
  await keyboard.press('Enter');
  await ada.order();
  const focused = await ada.page.evaluate(() => document.activeElement?.textContent);
  expect(focused).toBe('It’s yours.');
  expect(ada.purchases).toEqual([200]);
});
