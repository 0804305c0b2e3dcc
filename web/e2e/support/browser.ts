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
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(ACTION_MS_MAX);
  return openTab(context, new URL(path, url), prepare);
}

/** Opens one more tab in a browser that somebody has. */
export async function openTab(
  context: BrowserContext,
  address: URL,
  prepare?: (page: Page) => Promise<void>,
): Promise<Visitor> {
  const visitor = new Visitor(context, await context.newPage(), address.origin);
  {
    // TEMPORARY-HACK
    const fs = await import('node:fs');
    const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
    const files = fs.readdirSync('/tmp/page-e2e/assets');
    const built = fs.readFileSync('/tmp/page-e2e/index.html', 'utf8');
    const assets = built.match(/^.*\/assets\/.*\.(js|css).*$/gm)?.join('\n') ?? '';
    await context.route((u) => u.pathname === '/' || u.pathname.startsWith('/assets/'), async (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === '/') {
        const response = await route.fetch().catch(() => null);
        if (response === null) return route.abort('connectionrefused');
        const html = (await response.text()).replaceAll(/^.*\/assets\/.*\.(js|css).*$\n/gm, '').replace('</head>', assets + '</head>');
        return route.fulfill({ response, body: html });
      }
      const name = path.slice('/assets/'.length);
      const file = files.find((f) => f === name) ?? '';
      if (file === '') return route.continue();
      return route.fulfill({ body: fs.readFileSync('/tmp/page-e2e/assets/' + file), contentType: types[file.split('.').at(-1) ?? ''] ?? '' });
    });
  }
  await prepare?.(visitor.page);
  await visitor.page.goto(address.href);
  return visitor;
}
