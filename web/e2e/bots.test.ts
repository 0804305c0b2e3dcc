import { afterEach, expect } from 'vitest';

import { orderInBooks } from './support/api';
import { faultsOf } from './support/health';
import { PersonService, PRESSED } from './support/person-service';
import { test } from './support/shop';
import { SignIn } from './support/sign-in';
import type { Visitor } from './support/visitor';

const ADA = 'ada@example.com';
const CHECKED = 'This browser is checked.';
const work = (bits: number) => ({
  BOT_CHECK: 'proof-of-work',
  PROOF_OF_WORK_BITS: String(bits),
});

/** Chromium lets a worker that is busy go on for two seconds after it was ended. */
const WORKER_MS_MAX = 10_000;

const opened: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** Waits until the page has so many workers. */
async function workers({ page }: Visitor, count: number): Promise<void> {
  await expect.poll(() => page.workers().length, { timeout: WORKER_MS_MAX }).toBe(count);
}

async function service(): Promise<PersonService> {
  const one = await PersonService.open();
  opened.push(one);
  return one;
}

/** The one request to another host that belongs to the check. */
const ofWidget = ({ origin }: PersonService) => new RegExp(`another host: ${origin}/widget\\.js$`);

test('the work is done before the start, and the press at the start buys', async ({ open }) => {
  const shop = await open({ stock: 2, start: '8s', settings: work(14) });
  const ada = await shop.enter();
  const place = await ada.button.boundingBox();
  await ada.buyerId.fill(ADA);
  await ada.reads(CHECKED);
  expect(await ada.button.boundingBox(), 'the button stays under the finger').toEqual(place);
  expect(await ada.isLocked()).toBe(true);
  expect(await faultsOf(ada.page)).toEqual([]);
  await ada.unlocked();
  await ada.button.click();
  const order = await ada.order();
  expect(await orderInBooks(shop.url, ADA)).toBe(order);
  expect(ada.purchases).toEqual([200]);
});

test('a press right after the typing waits for the work and goes on by itself', async ({
  open,
}) => {
  const shop = await open({ stock: 2, settings: work(12) });
  const ada = await shop.enter();
  const answers: string[] = [];
  ada.page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (response.request().method() === 'POST') answers.push(`${response.status()} ${pathname}`);
  });
  await ada.press(ADA);
  await ada.order();
  expect(answers.slice(-2)).toEqual(['200 /api/pass', '200 /api/purchase']);
  expect(new Set(ada.keys).size).toBe(1);
});

test('a pass that is lost in between is got anew, and the same order goes on', async ({ open }) => {
  const shop = await open({ stock: 2, settings: work(12) });
  const ada = await shop.enter();
  await ada.buyerId.fill(ADA);
  await ada.reads(CHECKED);
  await ada.context.clearCookies({ name: 'salePass' });
  await ada.button.click();
  await ada.order();
  expect(ada.purchases).toEqual([403, 200]);
  expect(new Set(ada.keys).size).toBe(1);
});

test('the work ends when another name is typed, and the page stays quick', async ({ open }) => {
  // So much that no browser finds it while a test lasts.
  const shop = await open({ stock: 2, settings: work(26) });
  const ada = await shop.enter();
  await ada.unlocked();
  await ada.buyerId.fill(ADA);
  await ada.reads('Checking this browser …');
  await workers(ada, 1);
  const [first] = ada.page.workers();
  await ada.buyerId.fill('grace@example.com');
  await expect
    .poll(() => first !== undefined && !ada.page.workers().includes(first), {
      timeout: WORKER_MS_MAX,
    })
    .toBe(true);
  await workers(ada, 1);
  await ada.page.getByRole('button', { name: 'Deutsch' }).click();
  await ada.reads('Ihr Browser wird geprüft …');
  await ada.buyerId.fill('');
  await workers(ada, 0);
  expect(await ada.page.getByText('Ihr Browser wird geprüft …').count()).toBe(0);
  expect(ada.purchases).toEqual([]);
});

test('whoever is signed in is checked at once', async ({ open }) => {
  const signIn = await SignIn.open();
  opened.push(signIn);
  const shop = await open({ stock: 2, settings: { ...signIn.settings, ...work(12) } });
  const ada = await shop.enter();
  ada.complaints.expect(/status of 401/);
  await signIn.give(ada);
  await ada.page.reload();
  await ada.reads(CHECKED);
  await ada.button.click();
  await ada.order();
  expect(ada.purchases).toEqual([200]);
});

test('a service asks in its widget, is asked by the server, and the buyer buys', async ({
  open,
}) => {
  const persons = await service();
  const shop = await open({ stock: 2, settings: persons.settings });
  const ada = await shop.enter();
  ada.complaints.expect(ofWidget(persons));
  await ada.press(ADA);
  const widget = ada.page.getByRole('button', { name: PRESSED });
  await ada.reads(/If you are asked something here, answer it\./);
  expect(await faultsOf(ada.page)).toEqual([]);
  await widget.click();
  await ada.order();
  expect(ada.purchases.at(-1)).toBe(200);
  expect(persons.asked).toHaveLength(1);
  expect(decodeURIComponent(persons.asked[0] ?? '')).toMatch(/a-site-key\.pressed$/);
});

test('who is taken for a program reads so, and may try again', async ({ open }) => {
  const persons = await service();
  persons.says = false;
  const shop = await open({ stock: 2, settings: persons.settings });
  const ada = await shop.enter();
  ada.complaints.expect(ofWidget(persons), /status of 403/);
  await ada.buyerId.fill(ADA);
  const widget = ada.page.getByRole('button', { name: PRESSED });
  await widget.click();
  await ada.reads(/This browser did not pass the check\./);
  expect(await faultsOf(ada.page)).toEqual([]);
  persons.says = true;
  await ada.page.getByRole('button', { name: 'Check again' }).click();
  await widget.click();
  await ada.reads(CHECKED);
  expect(await widget.count()).toBe(0);
  await ada.button.click();
  await ada.order();
});

test('a script that does not come is fetched again by itself', async ({ open }) => {
  const persons = await service();
  const shop = await open({ stock: 2, settings: persons.settings });
  const ada = await shop.enter({
    prepare: async (page) => {
      await page.route('**/widget.js', (route) => route.abort('failed'), { times: 1 });
    },
  });
  ada.complaints.expect(ofWidget(persons), /net::ERR_FAILED/);
  await ada.buyerId.fill(ADA);
  await ada.reads('The check could not be made. This page tries again by itself.');
  await ada.page.getByRole('button', { name: PRESSED }).click({ timeout: 20_000 });
  await ada.reads(CHECKED);
});
