import { expect } from 'vitest';

import { buyFor } from './support/api';
import type { View } from './support/clerk';
import { faultsOf } from './support/health';
import { SERVER_GONE } from './support/network';
import { tellOfRush } from './support/rush';
import { type SaleSettings, type Shop, test } from './support/shop';

/** The console in states that a server does not come to within a test: it is told of them. */

const VIEWS: View[] = ['Live', 'Orders', 'Settings'];
const TROUBLE = { paused: true, reasons: ['The disk is full.', 'The ledger has no room left.'] };
const LONG_ID = `${'a-very-long-name.'.repeat(6)}@example.com`;

/** Everything that can stand on the page stands there. */
async function openAllAtOnce(open: (sale: SaleSettings) => Promise<Shop>) {
  const shop = await open({ stock: 9, settings: { PRODUCT_DESCRIPTION: 'Dishes, '.repeat(20) } });
  await buyFor(shop.url, [LONG_ID, 'ada@example.com']);
  const clerk = await shop.signIn();
  await tellOfRush(clerk.page, 60, TROUBLE);
  await clerk.reads('The disk is full.');
  return { shop, clerk };
}

test.for(VIEWS)(
  'nothing is wrong with the view $0 in a rush and in trouble',
  async (view, { open }) => {
    const { clerk } = await openAllAtOnce(open);
    await clerk.look(view);
    expect(await faultsOf(clerk.page)).toEqual([]);
  },
);

test('nothing is wrong with the second step of the brake', async ({ open }) => {
  const { clerk } = await openAllAtOnce(open);
  await clerk.goOn.click();
  await clerk.page.getByRole('alertdialog').waitFor();
  expect(await faultsOf(clerk.page)).toEqual([]);
});

test('nothing is wrong with a console whose node is gone', async ({ open }) => {
  const { shop, clerk } = await openAllAtOnce(open);
  clerk.complaints.expect(SERVER_GONE);
  await shop.server.kill();
  await clerk.page.unroute('**/admin/live*');
  await clerk.reads(/^No news from the node since/);
  expect(await faultsOf(clerk.page)).toEqual([]);
});

test('nothing is wrong with the form that asks for the token', async ({ open }) => {
  const shop = await open({ stock: 9 });
  const clerk = await shop.stepBehind();
  await clerk.token.waitFor();
  expect(await faultsOf(clerk.page)).toEqual([]);
  await clerk.give('guess-guess-guess-guess');
  await clerk.reads('This is not the token of this server.');
  expect(await faultsOf(clerk.page)).toEqual([]);
});
