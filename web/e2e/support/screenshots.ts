import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { APIRequestContext, Browser, BrowserContextOptions } from 'playwright-core';

import { launchBrowser, visit, type Visitor } from './browser';
import { startServer } from './server';

const PRODUCT = { productId: 'AL-042', productDescription: 'Alba Stacking Dishes, Vermilion' };
const STOCK = 500;
const SOLD_BEFORE = 188;

const LOOKS: Record<string, BrowserContextOptions> = {
  'desktop-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'phone-dark': {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    deviceScaleFactor: 2,
    isMobile: true,
  },
};

/** Drives the real server through a sale and takes a picture of each stage in each look. */
export async function takeScreenshots(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const browser = await launchBrowser();
  try {
    await upcoming(browser, directory);
    await sale(browser, directory);
  } finally {
    await browser.close();
  }
}

async function upcoming(browser: Browser, directory: string) {
  const server = await startServer({ ...PRODUCT, stock: STOCK, start: '584s', end: '45m' });
  try {
    await eachLook(browser, server.url, async (visitor, look) => {
      await visitor.buyNow.waitFor();
      await take(visitor, directory, `upcoming-${look}`);
    });
  } finally {
    await server.stop();
  }
}

async function sale(browser: Browser, directory: string) {
  const server = await startServer({ ...PRODUCT, stock: STOCK, start: '1s', end: '43m' });
  try {
    const crowd = await browser.newContext({ baseURL: server.url });
    await waitForStart(crowd.request);
    await sell(crowd.request, 0, SOLD_BEFORE);
    await eachLook(browser, server.url, async (visitor, look) => {
      await visitor.buyNow.waitFor();
      await visitor.buyerId.fill(look.includes('phone') ? 'grace@example.com' : 'ada@example.com');
      await take(visitor, directory, `active-${look}`);
      await visitor.buyNow.click();
      await visitor.receipt.waitFor();
      await take(visitor, directory, `receipt-${look}`);
    });
    await sell(crowd.request, SOLD_BEFORE, STOCK);
    await eachLook(browser, server.url, async (visitor, look) => {
      await visitor.page.getByText('They are all gone.').waitFor();
      await take(visitor, directory, `sold-out-${look}`);
    });
  } finally {
    await server.stop();
  }
}

async function eachLook(
  browser: Browser,
  url: string,
  show: (visitor: Visitor, look: string) => Promise<void>,
) {
  for (const [look, options] of Object.entries(LOOKS)) {
    const visitor = await visit(browser, url, options);
    await show(visitor, look);
    await visitor.context.close();
  }
}

async function take({ page }: Visitor, directory: string, name: string) {
  // The focus ring belongs to a keyboard, and the bar takes half a second to its place.
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.waitForTimeout(800);
  const phone = name.includes('phone');
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path, fullPage: phone, animations: 'disabled' });
  console.log(path);
}

async function waitForStart(api: APIRequestContext) {
  for (;;) {
    const { status } = (await (await api.get('/api/status')).json()) as { status: string };
    if (status === 'active') return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Lets the buyers with the numbers `from` up to `to` press the button. */
async function sell(api: APIRequestContext, from: number, to: number) {
  const { csrfToken } = (await (await api.get('/api/csrf')).json()) as { csrfToken: string };
  for (let buyer = from; buyer < to; buyer += 1) {
    const answer = await api.post('/api/purchase', {
      headers: { 'X-CSRF-Token': csrfToken },
      data: { userId: `buyer-${buyer}` },
    });
    if (answer.status() !== 200 && answer.status() !== 410) {
      throw new Error(`buyer ${buyer} got ${answer.status()}: ${await answer.text()}`);
    }
  }
}
