import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { accessibilityFaults } from './support/accessibility';
import { launchBrowser } from './support/browser';
import { CONSOLE_URL, type FakeAdmin, startFakeAdmin } from './support/fake-admin';
import { STOCK } from './support/rush';

/** The built console in a real browser, under the server's policy, on answers that a test sets. */

let browser: Browser;
let dist: string;
const leave: (() => Promise<void>)[] = [];

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'flashsale-console-'));
  // In a process of its own, because here the libraries would be built as for development.
  await promisify(execFile)('npm', ['run', 'build', '--', '--outDir', dist], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, NODE_ENV: 'production' },
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await rm(dist, { recursive: true, force: true });
});

afterEach(async () => {
  for (const step of leave.splice(0).toReversed()) await step();
});

interface Scene {
  secondsIn: number;
  signedIn?: boolean;
  options?: BrowserContextOptions;
  set?: (admin: FakeAdmin) => void;
}

async function open({ options, set, ...scene }: Scene) {
  const context = await browser.newContext(options);
  leave.push(() => context.close());
  const admin = await startFakeAdmin(context, dist, scene);
  set?.(admin);
  const page = await context.newPage();
  const complaints = watch(page);
  await page.goto(CONSOLE_URL);
  return { admin, page, complaints };
}

/** Exceptions, and what the browser says on its console, breaches of the content policy among it. */
function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    // Chromium reports every answer that is no success; here they are meant.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (['error', 'warning'].includes(message.type()) && !isRefusal)
      complaints.push(message.text());
  });
  return complaints;
}

const stop = (page: Page) => page.getByRole('button', { name: /^Stop selling/ });
const goOn = (page: Page) => page.getByRole('button', { name: 'Go on selling' });

test('a token opens the panel, and signing out closes it', async () => {
  const { page, complaints } = await open({ secondsIn: 20, signedIn: false });
  await page.getByLabel('Token').fill('guess');
  await page.keyboard.press('Enter');
  await page.getByText('This is not the token of this server.').waitFor();
  await page.getByLabel('Token').fill('open sesame');
  await page.keyboard.press('Enter');
  await page.getByText('On sale', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  expect(await stop(page).count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a session that ends is renewed on the spot, and the view stays', async () => {
  const { admin, page } = await open({ secondsIn: 60 });
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByRole('searchbox').fill('ada.7');
  await page.getByRole('row', { name: /ada\.7@/ }).waitFor();
  admin.signedIn = false;
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByLabel('Token').fill('open sesame');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.getByRole('searchbox').inputValue()).toBe('ada.7');
  await page.getByRole('row', { name: /ada\.7@/ }).waitFor();
});

test('the brake takes two steps, by the keyboard too, and shows what the server says', async () => {
  const { admin, page } = await open({ secondsIn: 12 });
  await stop(page).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('alertdialog').waitFor();
  // What has the focus at first does no harm.
  await page.keyboard.press('Enter');
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });
  expect(admin.brakes).toEqual([]);

  admin.brakeStatus = 503;
  await stop(page).click();
  await page.getByRole('button', { name: 'Yes, stop selling' }).click();
  await page.getByText(/It is not known whether this was stored/).waitFor();
  admin.brakeStatus = 200;
  await page.getByRole('button', { name: 'Yes, stop selling' }).click();
  await page.getByText('The sale is paused.', { exact: true }).last().waitFor();
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });

  await goOn(page).first().click();
  await page.getByRole('button', { name: 'Yes, go on selling' }).click();
  await stop(page).waitFor();
  expect(admin.brakes).toEqual([true, true, false]);
});

test('a node that is gone is said to be, and is found again', async () => {
  const { admin, page } = await open({ secondsIn: 40 });
  await stop(page).waitFor();
  admin.gone = true;
  await page.getByText(/^No news from the node since/).waitFor();
  expect(await page.getByText('Unknown', { exact: true }).count()).toBe(1);
  admin.gone = false;
  await page.getByText(/^No news from the node since/).waitFor({ state: 'detached' });
  expect(await page.getByText('Ready', { exact: true }).count()).toBe(1);
});

test('the orders are paged, and the downloads are of the search', async () => {
  const { admin, page } = await open({ secondsIn: 60 });
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByText(`Units 1 to 100, ${STOCK.toLocaleString('en')} sold in all.`).waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Units 101 to 200').waitFor();
  expect(admin.orderQueries.at(-1)?.get('after')).toBe('100');
  await page.getByRole('searchbox').fill('ada.1');
  const csv = page.getByRole('link', { name: 'Download CSV' });
  await expect.poll(() => csv.getAttribute('href')).toBe('/admin/orders.csv?search=ada.1');
});

test('all plots share the cursor, and their tables say what is there', async () => {
  const { page } = await open({
    secondsIn: 60,
    options: { viewport: { width: 1440, height: 900 } },
  });
  const plots = page.getByRole('img', { name: /a plot of the last 5 minutes/ });
  await expect.poll(() => plots.count()).toBe(6);
  const box = await plots.first().boundingBox();
  if (box === null) throw new Error('the plot is not to be seen');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await expect.poll(() => page.getByRole('columnheader', { name: /^At / }).count()).toBe(6);
  await page.mouse.move(0, 0);
  await expect.poll(() => page.getByRole('columnheader', { name: 'Now' }).count()).toBe(6);
  // With the keys it is the slider, from the latest second back.
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => page.getByRole('columnheader', { name: /^At / }).count()).toBe(6);
  await page.keyboard.press('End');
  await expect.poll(() => page.getByRole('columnheader', { name: 'Now' }).count()).toBe(6);
});

/** Everything that can stand on the page stands there. */
const allAtOnce = (admin: FakeAdmin) => {
  admin.reasons = ['The disk is full.'];
  admin.paused = true;
};

const LOOKS: [name: string, options: BrowserContextOptions][] = [
  ['light', { colorScheme: 'light', viewport: { width: 1440, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1440, height: 900 } }],
  ['on a phone', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
];

test.each(LOOKS)('is sound for axe and fits the screen: %s', async (_name, options) => {
  const { admin, page, complaints } = await open({ secondsIn: 60, options, set: allAtOnce });
  for (const view of ['Live', 'Orders', 'Settings']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await goOn(page).first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  }
  await goOn(page).first().click();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(complaints).toEqual([]);
  admin.gone = true;
  await page.getByText(/^No news from the node since/).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
});
