import { describe, expect } from 'vitest';

import { buyFor } from './support/api';
import type { Clerk } from './support/clerk';
import { SERVER_GONE } from './support/network';
import { ENGINES, test } from './support/shop';

/** Both sides of the counter at once, through crashes and lost sessions. */

const ADA = 'ada@example.com';
const BOB = 'bob@example.com';

const heading = ({ page }: Clerk) => page.getByRole('heading', { level: 1 }).textContent();

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test('only the token of the data folder opens the console, and signing out closes it', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 3 });
    const clerk = await shop.stepBehind();
    expect(await heading(clerk)).toBe('Behind the counter');
    await clerk.give('guess-guess-guess-guess');
    await clerk.reads('This is not the token of this server.');
    expect(await clerk.page.getByRole('meter').count()).toBe(0);
    await clerk.give(await shop.server.token());
    await clerk.reads('On sale');
    await expect.poll(() => heading(clerk)).toBe('A product to test with');

    await clerk.page.getByRole('button', { name: 'Sign out' }).click();
    await clerk.token.waitFor();
    await clerk.page.reload();
    await clerk.token.waitFor();
    expect(await clerk.stop.count()).toBe(0);
  });

  test('a purchase is seen, and the brake holds all others until it is let go', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 3 });
    const [clerk, ada, bob] = [await shop.signIn(), await shop.enter(), await shop.enter()];
    await clerk.sold('0 sold of 3');
    await ada.buy(ADA);
    await clerk.sold('1 sold of 3');
    await clerk.outcome('Purchased', '1');
    await bob.unlocked();

    await clerk.pullBrake();
    await clerk.reads('The sale is paused.');
    await bob.reads('The sale is paused.');
    await bob.phase('Paused');
    expect(await bob.isLocked()).toBe(true);
    await bob.buyerId.fill(BOB);
    await bob.buyerId.press('Enter');
    await expect(buyFor(shop.url, [BOB])).rejects.toThrow('not_active');
    await clerk.outcome('Paused', '1');

    await clerk.letBrakeGo();
    await clerk.stop.waitFor();
    await bob.phase('On sale now');
    await bob.buy(BOB);
    await clerk.sold('2 sold of 3');
    // What bob pressed while nobody could buy was never sent, and neither page was loaded again.
    expect(bob).toMatchObject({ loads: 1, purchases: [200] });
    expect(ada.loads).toBe(1);
  });

  test('a server that dies is said to be gone, and the console goes on with the next one', async ({
    open,
  }) => {
    const shop = await open({ engine, durability: 'fsync', stock: 3 });
    await buyFor(shop.url, [ADA]);
    const clerk = await shop.signIn();
    clerk.complaints.expect(SERVER_GONE);
    await clerk.sold('1 sold of 3');
    await shop.server.kill();
    await clerk.reads(/^No news from the node since/);
    await clerk.reads('The node does not answer.');
    await clerk.reads('Unknown');
    await shop.server.start();
    const away = clerk.page.getByText(/^No news from the node since/);
    await away.waitFor({ state: 'detached', timeout: 20_000 });
    await clerk.reads('Ready');
    await buyFor(shop.url, [BOB]);
    await clerk.sold('2 sold of 3');
    // The session outlives the server that began it.
    expect(await clerk.token.count()).toBe(0);
  });
});

test('a session that ends is renewed on the spot, and the view stays', async ({ open }) => {
  const shop = await open({ stock: 5 });
  await buyFor(shop.url, [ADA, BOB]);
  const clerk = await shop.signIn();
  clerk.complaints.expect(SERVER_GONE);
  await clerk.look('Orders');
  await clerk.search.fill('ada');
  await clerk.reads('Units 1 to 1, 2 sold in all.');

  // Whoever has the old token, or a session that was begun with it, is to be out.
  const old = await shop.server.token();
  await shop.server.removeToken();
  await shop.server.stop();
  await shop.server.start();
  const dialog = clerk.page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.waitFor({ timeout: 20_000 });
  await clerk.page.keyboard.press('Escape');
  await clerk.page.keyboard.press('Escape');
  await clerk.give(old);
  await clerk.reads('This is not the token of this server.');
  await buyFor(shop.url, ['ada.second@example.com']);
  await clerk.give(await shop.server.token());
  await dialog.waitFor({ state: 'detached' });
  expect(await clerk.search.inputValue()).toBe('ada');
  await clerk.reads('Units 1 to 3, 3 sold in all.');
});

test('the brake takes two steps, and the first key that is pressed does no harm', async ({
  open,
}) => {
  const shop = await open({ stock: 5 });
  const clerk = await shop.signIn();
  const { keyboard } = clerk.page;
  const question = clerk.page.getByRole('alertdialog');
  await clerk.stop.focus();
  await keyboard.press('Enter');
  await question.waitFor();
  await keyboard.press('Enter');
  await question.waitFor({ state: 'detached' });
  await buyFor(shop.url, [ADA]);
  await keyboard.press('Enter');
  await question.waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await question.waitFor({ state: 'detached' });
  await expect(buyFor(shop.url, [BOB])).rejects.toThrow('not_active');
});

test('a brake of which nothing is known is not said to hold, and can be pulled again', async ({
  open,
}) => {
  const shop = await open({ engine: 'redis', stock: 5 });
  const clerk = await shop.signIn();
  clerk.complaints.expect(/status of 503/);
  shop.ledger.freeze();
  await clerk.stop.click();
  const confirm = clerk.page.getByRole('button', { name: 'Yes, stop selling' });
  await confirm.click();
  await clerk.reads(/It is not known whether this was stored/, 20_000);
  await clerk.reads('This node takes no orders.');
  shop.ledger.thaw();
  await confirm.click();
  await clerk.page.getByRole('alertdialog').waitFor({ state: 'detached', timeout: 20_000 });
  await clerk.reads('The sale is paused.');
  await expect(buyFor(shop.url, [ADA])).rejects.toThrow('not_active');
});
