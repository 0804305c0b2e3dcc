import { readFile } from 'node:fs/promises';

import type { BrowserContext, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

import { Complaints } from './complaints';

const SOON_MS = 10_000;

export type View = 'Live' | 'Orders' | 'Settings';

/** Whoever stands behind the counter, with the console open in a browser of their own. */
export class Clerk {
  readonly complaints = new Complaints();

  /** The first step of the brake, and the first step back. */
  readonly stop: Locator;
  readonly goOn: Locator;
  readonly token: Locator;
  readonly search: Locator;

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.stop = page.getByRole('button', { name: /^Stop selling/ });
    // It stands in two places, and does the same in both.
    this.goOn = page.getByRole('button', { name: 'Go on selling' }).first();
    this.token = page.getByLabel('Token');
    this.search = page.getByRole('searchbox');
    this.complaints.watch(page, isUnauthorized);
  }

  /** Gives a token, whether it is the right one or not. */
  async give(token: string): Promise<void> {
    await this.token.fill(token);
    await this.page.keyboard.press('Enter');
  }

  async look(view: View): Promise<void> {
    await this.page.getByRole('link', { name: view, exact: true }).click();
  }

  async reads(words: string | RegExp, timeout = SOON_MS): Promise<void> {
    const exact = typeof words === 'string';
    await this.page.getByText(words, { exact }).last().waitFor({ timeout });
  }

  /** What the meter says of the stock. */
  async sold(words: string, timeout = SOON_MS): Promise<void> {
    const meter = this.page.getByRole('meter');
    await expect
      .poll(() => meter.getAttribute('aria-valuetext'), { timeout, interval: 50 })
      .toBe(words);
  }

  /** The highest number of attempts in one second that came to this. */
  async outcome(name: string, highest: string): Promise<void> {
    const row = this.page.getByRole('row', { name: new RegExp(`^${name} `) });
    await expect
      .poll(() => row.getByRole('cell').last().textContent(), { timeout: SOON_MS })
      .toBe(highest);
  }

  /** Both steps: nothing happens before the second. */
  async pullBrake(): Promise<void> {
    await this.stop.click();
    await this.page.getByRole('button', { name: 'Yes, stop selling' }).click();
    await this.page.getByRole('alertdialog').waitFor({ state: 'detached' });
  }

  async letBrakeGo(): Promise<void> {
    await this.goOn.click();
    await this.page.getByRole('button', { name: 'Yes, go on selling' }).click();
    await this.page.getByRole('alertdialog').waitFor({ state: 'detached' });
  }

  /** Takes the orders home as a file, as a browser does. */
  async download(link: 'Download CSV' | 'Download JSON lines'): Promise<Download> {
    const coming = this.page.waitForEvent('download');
    await this.page.getByRole('link', { name: link }).click();
    const download = await coming;
    const text = await readFile(await download.path(), 'utf8');
    return { name: download.suggestedFilename(), lines: text.trimEnd().split(/\r?\n/) };
  }
}

export interface Download {
  name: string;
  lines: string[];
}

/** Without a session, which a page only learns by asking. */
function isUnauthorized(address: string, status: number): boolean {
  return status === 401 && URL.canParse(address) && new URL(address).pathname.startsWith('/admin/');
}
