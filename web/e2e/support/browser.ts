import { existsSync } from 'node:fs';

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';

const CHROMIUM_DEFAULT = '/usr/bin/chromium';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium with a new, empty profile, which goes when the browser is closed. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || CHROMIUM_DEFAULT;
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no browser at ${executablePath}. Install Chromium, or set CHROMIUM to its path.`,
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

/** One person with a browser of their own, and all that the page did and complained about. */
export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** The HTTP statuses of the purchases that the page sent, in order; 0 for one without an answer. */
  purchases: number[];
  /** Errors on the console, exceptions, breaches of the content policy, requests to other hosts. */
  complaints: string[];
  buyerId: Locator;
  buyNow: Locator;
  /** The receipt, whichever greeting it has. */
  receipt: Locator;
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const purchases: number[] = [];
  const complaints: string[] = [];
  watch(page, url, purchases, complaints);
  await page.goto(url);
  return {
    context,
    page,
    purchases,
    complaints,
    buyerId: page.getByLabel('E-mail or customer id', { exact: true }),
    buyNow: page.getByRole('button', { name: 'Buy now' }),
    receipt: page.getByRole('region', { name: /^(It’s yours|You already have one)\.$/ }),
  };
}

function watch(page: Page, url: string, purchases: number[], complaints: string[]) {
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) {
      complaints.push(`a request to another host: ${request.url()}`);
    }
  });
  page.on('response', (response) => {
    if (isPurchase(response.url())) purchases.push(response.status());
  });
  page.on('requestfailed', (request) => {
    if (isPurchase(request.url())) purchases.push(0);
  });
  page.on('pageerror', (error) => complaints.push(`an exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // Chromium reports every answer that is not a success; for a purchase they are in the contract.
    const refused = /^Failed to load resource: the server responded with a status of 4/;
    if (refused.test(message.text()) && isPurchase(message.location().url)) return;
    complaints.push(`on the console: ${message.text()}`);
  });
}

function isPurchase(url: string): boolean {
  return new URL(url).pathname === '/api/purchase';
}
