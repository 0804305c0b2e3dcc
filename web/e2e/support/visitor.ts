import type { BrowserContext, Locator, Page, Request } from 'playwright-core';
import { expect } from 'vitest';

import { Complaints } from './complaints';

const SOON_MS = 10_000;

const GREETINGS = /^(It’s yours|You already have one|Yes, you got one)\.$/;

/** One person with one tab, and all that the page did and complained about. */
export class Visitor {
  /** The HTTP statuses of the purchases that the page sent, in order; 0 for one without an answer. */
  readonly purchases: number[] = [];
  /** The keys that came with them. */
  readonly keys: string[] = [];
  /** Requests for the status that were sent: with a live stream there are none but the first. */
  polls = 0;
  /** The HTTP statuses of the live streams that were answered, in order. */
  readonly streams: number[] = [];
  /** Times that the page was loaded. */
  loads = 0;
  /** Those of the page, and its requests to other hosts. */
  readonly complaints = new Complaints();

  readonly buyerId: Locator;
  /** The one big button, whatever it says. */
  readonly button: Locator;
  /** The receipt, whichever greeting it has. */
  readonly receipt: Locator;
  readonly meter: Locator;

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    origin: string,
  ) {
    // The other form, of the look-up, lies in a part that opens.
    const form = page.locator('form:not(details form)');
    this.buyerId = form.locator('input');
    this.button = form.locator('button[type="submit"]');
    this.receipt = page.getByRole('region', { name: GREETINGS });
    this.meter = page.getByRole('meter');
    this.#watch(origin);
  }

  /** Whether the button takes no press. Locked buttons keep the focus: they are marked, not disabled. */
  async isLocked(): Promise<boolean> {
    return (await this.button.getAttribute('aria-disabled')) === 'true';
  }

  async unlocked(timeout = SOON_MS): Promise<void> {
    await expect.poll(() => this.isLocked(), { timeout, interval: 50 }).toBe(false);
  }

  async press(userId: string): Promise<void> {
    await this.unlocked();
    await this.buyerId.fill(userId);
    await this.button.click();
  }

  /** Buys and returns the number on the receipt. */
  async buy(userId: string): Promise<string> {
    await this.press(userId);
    return this.order();
  }

  /** The number on the receipt that is on the page, or soon will be. */
  async order(timeout = SOON_MS): Promise<string> {
    const number = await this.receipt.locator('code').textContent({ timeout });
    expect(number).toMatch(/^[0-9a-f]{32}$/);
    return number ?? '';
  }

  async reads(words: string | RegExp, timeout = SOON_MS): Promise<void> {
    await this.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout });
  }

  /** What the mark at the top says of the sale. */
  async phase(words: string, timeout = SOON_MS): Promise<void> {
    const badge = this.page.locator('header [data-phase]');
    await expect.poll(() => badge.textContent(), { timeout, interval: 50 }).toBe(words);
  }

  async left(words: string, timeout = SOON_MS): Promise<void> {
    await expect
      .poll(() => this.meter.getAttribute('aria-valuetext'), { timeout, interval: 50 })
      .toBe(words);
  }

  #watch(origin: string): void {
    const { page } = this;
    page.on('load', () => (this.loads += 1));
    page.on('request', (request) => this.#note(request, origin));
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname === '/api/purchase') this.purchases.push(response.status());
      if (pathname === '/api/events') this.streams.push(response.status());
    });
    page.on('requestfailed', (request) => {
      if (isPurchase(request.url())) this.purchases.push(0);
    });
    this.complaints.watch(page, isPurchase);
  }

  #note(request: Request, origin: string): void {
    const url = new URL(request.url());
    if (url.origin !== origin) this.complaints.add(`a request to another host: ${url.href}`);
    if (url.pathname === '/api/status') this.polls += 1;
    if (isPurchase(url.href)) this.keys.push(request.headers()['idempotency-key'] ?? '');
  }
}

function isPurchase(url: string): boolean {
  return URL.canParse(url) && new URL(url).pathname === '/api/purchase';
}
