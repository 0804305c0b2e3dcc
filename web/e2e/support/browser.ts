import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

import { program } from './process';
import { Visitor } from './visitor';

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

/** A step that takes longer than this will not come. */
const ACTION_MS_MAX = 10_000;

/** Starts Chromium with a new, empty profile, which goes when the browser is closed. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = program('CHROMIUM', 'Chromium', '/usr/bin/chromium');
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface Visit extends BrowserContextOptions {
  /** Where the visit begins, with its query. */
  path?: string;
  /** What is done to the page before it loads. */
  prepare?: (page: Page) => Promise<void>;
}

/** Lets a person come to the page, with a profile of their own. */
export async function visit(browser: Browser, url: string, how: Visit): Promise<Visitor> {
  const { path = '/', prepare, ...options } = how;
  const context = await openContext(browser, options);
  return openTab(context, new URL(path, url), prepare);
}

/** A browser as a person has it: with a profile of its own. */
export async function openContext(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(ACTION_MS_MAX);
  return context;
}

/** Opens one more tab in a browser that somebody has. */
export async function openTab(
  context: BrowserContext,
  address: URL,
  prepare?: (page: Page) => Promise<void>,
): Promise<Visitor> {
  const visitor = new Visitor(context, await context.newPage(), address.origin);
  await prepare?.(visitor.page);
  await visitor.page.goto(address.href);
  return visitor;
}
