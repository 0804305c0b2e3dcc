import { describe, expect } from 'vitest';

import { buyFor, crowd, orderInBooks } from './support/api';
import { ENGINES, test } from './support/shop';

/** What the console shows of a sale: its orders, its settings, and how it goes. */

const ADA = 'ada@example.com';
/** More orders than one page of the console shows. */
const SOLD = 103;

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test('the orders are paged and found, and taken home without one too many', async ({ open }) => {
    const shop = await open({ engine, stock: 200 });
    const people = crowd(SOLD - 1);
    await buyFor(shop.url, people);
    const ada = await shop.enter();
    const order = await ada.buy(ADA);
    const [key] = ada.keys;
    const books = await Promise.all(
      people.map(async (userId, index) => {
        const orderId = await orderInBooks(shop.url, userId);
        return { unit: index + 1, orderId, userId, idempotencyKey: null };
      }),
    );
    const sold = [...books, { unit: SOLD, orderId: order, userId: ADA, idempotencyKey: key }];

    const clerk = await shop.signIn();
    await clerk.look('Orders');
    await clerk.reads('Units 1 to 100, 103 sold in all.');
    await clerk.page.getByRole('button', { name: 'Next' }).click();
    await clerk.reads('Units 101 to 103, 103 sold in all.');
    const all = await clerk.download('Download JSON lines');
    expect(all.name).toBe('browser-test-orders.jsonl');
    expect(all.lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      sold.map((one) => Object.assign({ orderedAt: expect.any(Number) }, one)),
    );
    const sheet = await clerk.download('Download CSV');
    expect(sheet.name).toBe('browser-test-orders.csv');
    expect(sheet.lines).toEqual([
      'unit,order_id,user_id,ordered_at,idempotency_key',
      ...sold.map(({ unit, orderId, userId, idempotencyKey }) =>
        expect.stringMatching(
          `^${unit},${orderId},${userId},[-0-9]+T[.:0-9]+Z,${idempotencyKey ?? ''}$`,
        ),
      ),
    ]);

    await clerk.search.fill(ADA);
    await clerk.reads('Units 103 to 103, 103 sold in all.');
    const row = clerk.page.getByRole('row', { name: ADA });
    expect(await row.getByRole('cell').nth(2).textContent()).toBe(order);
    await expect
      .poll(async () => (await clerk.download('Download CSV')).lines.slice(1))
      .toEqual([expect.stringContaining(order)]);
    await clerk.search.fill('nobody');
    await clerk.reads('No order matches. 103 sold in all.');
  });

  test('the settings are those that the server was started with', async ({ open }) => {
    const shop = await open({ engine, stock: 3, settings: { PURCHASE_QUEUE_MAX: '512' } });
    const clerk = await shop.signIn();
    await clerk.look('Settings');
    const facts = {
      Sale: 'browser-test',
      'Product id': 'AL-042',
      Product: 'A product to test with',
      Stock: '3',
      'Address for buyers': shop.url,
      Ledger: engine === 'redis' ? 'Redis, many nodes' : 'SQLite, one node',
      PURCHASE_QUEUE_MAX: '512',
    };
    for (const [name, value] of Object.entries(facts)) {
      const row = clerk.page.getByRole('row').filter({
        has: clerk.page.getByRole('rowheader', { name, exact: true }),
      });
      expect({ [name]: await row.getByRole('cell').textContent() }).toEqual({ [name]: value });
    }
    await clerk.page.reload();
    await clerk.page.getByRole('table', { name: 'The sale' }).waitFor();
  });
});

test('all plots share the cursor, and their tables say what is there', async ({ open }) => {
  const shop = await open({ stock: 5 });
  const clerk = await shop.signIn({ viewport: { width: 1440, height: 900 } });
  const { page } = clerk;
  // Some seconds of samples must be there.
  await clerk.reads(/^up for [3-9] s$/);
  const plots = page.getByRole('img', { name: /a plot of the last minute/ });
  await page.getByText('1 min', { exact: true }).click();
  await expect.poll(() => plots.count()).toBe(6);
  const shown = (name: RegExp | string) => page.getByRole('columnheader', { name }).count();
  await expect.poll(() => shown('Now')).toBe(6);
  const box = await plots.first().boundingBox();
  if (box === null) throw new Error('the plot is not to be seen');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await expect.poll(() => shown(/^At /)).toBe(6);
  await page.mouse.move(0, 0);
  await expect.poll(() => shown('Now')).toBe(6);
  // With the keys it is the slider, from the latest second back.
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => shown(/^At /)).toBe(6);
  await page.keyboard.press('End');
  await expect.poll(() => shown('Now')).toBe(6);
});
