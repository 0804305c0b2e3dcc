import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions } from 'playwright-core';
import { test as plain } from 'vitest';

import { launchBrowser, openContext, openTab, type Visit, visit } from './browser';
import { Clerk } from './clerk';
import { type Durability, Redis } from './redis';
import { requirePage, Server } from './server';
import type { Visitor } from './visitor';

/** Where the ledger lies. */
export const ENGINES = ['sqlite', 'redis'] as const;
export type Engine = (typeof ENGINES)[number];

export interface SaleSettings {
  stock: number;
  /** When it opens, as the server's command line takes it. Without, it is open when the test begins. */
  start?: string;
  end?: string;
  engine?: Engine;
  /** What Redis keeps; without, it is in memory alone. */
  durability?: Durability;
  /** More settings of the server, as environment variables. */
  settings?: Record<string, string>;
}

/** One sale on a server of its own, and those who come to it. */
export class Shop {
  readonly visitors: Visitor[] = [];
  readonly clerks: Clerk[] = [];

  private constructor(
    readonly browser: Browser,
    readonly directory: string,
    readonly server: Server,
    readonly redis: Redis | null,
  ) {}

  static async open(browser: Browser, sale: SaleSettings): Promise<Shop> {
    const directory = await mkdtemp(join(tmpdir(), 'flashsale-e2e-'));
    const redis =
      sale.engine === 'redis' ? await Redis.start(directory, sale.durability ?? 'memory') : null;
    const server = new Server(directory, {
      SALE_ID: 'browser-test',
      PRODUCT_ID: 'AL-042',
      PRODUCT_DESCRIPTION: 'A product to test with',
      SALE_STOCK: String(sale.stock),
      SALE_START: sale.start ?? '0s',
      SALE_END: sale.end ?? '10m',
      ...redis?.settings,
      ...sale.settings,
    });
    const shop = new Shop(browser, directory, server, redis);
    try {
      await server.start();
      await requirePage(server.url);
      return shop;
    } catch (error) {
      await shop.close();
      throw error;
    }
  }

  get url(): string {
    return this.server.url;
  }

  /** Redis, where the test has asked for it. */
  get ledger(): Redis {
    if (this.redis === null) throw new Error('This sale keeps its ledger in a file.');
    return this.redis;
  }

  /** Another person comes, with a browser of their own. */
  async enter(how: Visit = {}): Promise<Visitor> {
    return this.#welcome(await visit(this.browser, this.url, how));
  }

  /** The same person opens another tab. */
  async tabOf({ context }: Visitor): Promise<Visitor> {
    return this.#welcome(await openTab(context, new URL(this.url)));
  }

  /** Somebody opens the console, who has not signed in yet. */
  async stepBehind(how: BrowserContextOptions = {}): Promise<Clerk> {
    const context = await openContext(this.browser, how);
    const clerk = new Clerk(context, await context.newPage());
    this.clerks.push(clerk);
    await clerk.page.goto(this.server.console);
    return clerk;
  }

  /** The same, with the right token. */
  async signIn(how: BrowserContextOptions = {}): Promise<Clerk> {
    const clerk = await this.stepBehind(how);
    await clerk.give(await this.server.token());
    await clerk.page.getByRole('meter').waitFor();
    return clerk;
  }

  /** All who were here, on either side of the counter. */
  get people(): readonly (Visitor | Clerk)[] {
    return [...this.visitors, ...this.clerks];
  }

  #welcome(visitor: Visitor): Visitor {
    this.visitors.push(visitor);
    return visitor;
  }

  async close(): Promise<void> {
    for (const { context } of this.people) await context.close();
    await this.server.kill();
    await this.redis?.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface Fixtures {
  browser: Browser;
  /** Opens a shop that is closed at the end of the test. */
  open: (sale: SaleSettings) => Promise<Shop>;
}

/**
 * A test with a browser. At its end each visitor's page must be without a complaint, except for those
 * that the test has named beforehand.
 */
export const test = plain.extend<Fixtures>({
  browser: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads from the pattern what is needed.
    async ({}, run) => {
      const browser = await launchBrowser();
      await run(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  open: async ({ browser }, run) => {
    const shops: Shop[] = [];
    await run(async (sale) => {
      const shop = await Shop.open(browser, sale);
      shops.push(shop);
      return shop;
    });
    const complaints = shops
      .flatMap(({ people }) => people)
      .flatMap((one) => one.complaints.unexpected());
    for (const shop of shops) await shop.close();
    if (complaints.length > 0) throw new Error(`A page complained:\n${complaints.join('\n')}`);
  },
});
