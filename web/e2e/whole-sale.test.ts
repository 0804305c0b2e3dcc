import { describe, expect } from 'vitest';

import { buyFor, crowd, orderInBooks, statusOf } from './support/api';
import { PHONE } from './support/looks';
import { ENGINES, test } from './support/shop';

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test('from before the start to sold out, three look on and nobody reloads', async ({ open }) => {
    const shop = await open({ engine, stock: 6, start: '9s' });
    const [ada, bob, eve] = [await shop.enter(), await shop.enter(PHONE), await shop.enter()];
    const everybody = [ada, bob, eve];

    for (const visitor of everybody) {
      await visitor.page.getByRole('timer', { name: /^Opens in \d seconds?$/ }).waitFor();
      await visitor.phase('Upcoming');
      await visitor.left('6 of 6 left');
      expect(await visitor.isLocked()).toBe(true);
    }
    // A press before the start sends nothing.
    await ada.buyerId.fill('ada@example.com');
    await ada.buyerId.press('Enter');
    await Promise.all(everybody.map((visitor) => visitor.unlocked()));
    await Promise.all(everybody.map((visitor) => visitor.phase('On sale now')));
    expect(ada.purchases).toEqual([]);

    await buyFor(shop.url, crowd(2));
    await Promise.all(everybody.map((visitor) => visitor.left('4 of 6 left')));
    const orders = [await ada.buy('ada@example.com')];
    await Promise.all(everybody.map((visitor) => visitor.left('3 of 6 left')));
    orders.push(await bob.buy('bob@example.com'));
    await Promise.all(everybody.map((visitor) => visitor.left('2 of 6 left')));
    expect(new Set(orders).size).toBe(2);

    await buyFor(shop.url, crowd(2, 'late'));
    await Promise.all(everybody.map((visitor) => visitor.phase('Sold out')));
    await Promise.all(everybody.map((visitor) => visitor.left('0 of 6 left')));
    await eve.reads('They are all gone.');
    expect(await eve.button.count()).toBe(0);
    // Those who have one keep it in view.
    expect([await ada.order(), await bob.order()]).toEqual(orders);
    expect(await orderInBooks(shop.url, 'ADA@example.com')).toBe(orders[0]);
    expect(await orderInBooks(shop.url, 'bob@example.com')).toBe(orders[1]);
    expect((await statusOf(shop.url)).sold).toBe(6);

    for (const visitor of everybody) {
      // The news came by the stream: the one question is that with which each page begins.
      expect(visitor).toMatchObject({ loads: 1, streams: [200], polls: 1 });
    }
    const late = await shop.enter();
    await late.reads('They are all gone.');
    expect(await late.button.count()).toBe(0);
  });

  test('who asks again gets the same order: by another press, a reload, a look-up, elsewhere', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 2 });
    const ada = await shop.enter();
    const { page } = ada;
    const order = await ada.buy('Ada@Example.com');
    await ada.reads('It’s yours.');

    await page.getByRole('button', { name: 'Order with another id' }).click();
    expect(await ada.buy('ADA@EXAMPLE.COM')).toBe(order);
    await ada.reads('You already have one.');
    expect(ada.purchases).toEqual([200, 409]);

    await page.reload();
    expect(await ada.order()).toBe(order);

    const books = page.locator('details');
    await books.getByText('Did I get one?').click();
    await books.getByLabel('Look up').fill('ada@example.com');
    await books.getByRole('button', { name: 'Look it up' }).click();
    expect(await books.locator('code').textContent()).toBe(order);
    await books.getByLabel('Look up').fill('nobody@example.com');
    await books.getByRole('button', { name: 'Look it up' }).click();
    await ada.reads('No, not in this sale.');

    const elsewhere = await shop.enter();
    expect(await elsewhere.buy('ada@example.COM')).toBe(order);
    await elsewhere.reads('You already have one.');
    expect((await statusOf(shop.url)).sold).toBe(1);
  });

  test('the end of the window closes the page without a reload', async ({ open }) => {
    const shop = await open({ engine, stock: 5, end: '4s' });
    const ada = await shop.enter();
    await ada.unlocked();
    await ada.page.getByRole('timer', { name: /^Closes in \d seconds?$/ }).waitFor();
    await ada.phase('Ended');
    await ada.reads('This sale is over.');
    expect(await ada.button.count()).toBe(0);
    expect(ada).toMatchObject({ loads: 1, purchases: [] });
  });
});
