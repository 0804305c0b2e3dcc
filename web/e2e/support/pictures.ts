import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';

import { atRest } from './health';
import { DESKTOP, PHONE, SCHEMES } from './looks';

/** Whether the pictures are those of the documentation, which go to where it has them. */
export const FOR_DOCUMENTATION = Boolean(process.env.SCREENSHOTS);
const DIRECTORY = resolve(
  process.env.SCREENSHOTS || fileURLToPath(new URL('../.screenshots', import.meta.url)),
);

const SCREENS = { desktop: DESKTOP, phone: PHONE };

export interface Look {
  look: string;
  options: BrowserContextOptions;
}

export const LOOKS: Look[] = Object.entries(SCREENS).flatMap(([screen, options]) =>
  SCHEMES.map((colorScheme) => ({
    look: `${screen}-${colorScheme}`,
    options: { ...options, colorScheme },
  })),
);

/** The documentation shows each state in these two. */
export const isDocumented = ({ look }: Look) => look === 'desktop-light' || look === 'phone-dark';

/** Takes a picture of what the screen shows, or of the page to its end. */
export async function take(page: Page, name: string, fullPage: boolean): Promise<void> {
  // An empty page is at rest as well.
  await page.locator('h1').waitFor({ state: 'attached' });
  await page.evaluate(() => {
    // The focus ring belongs to a keyboard.
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  });
  await atRest(page);
  const path = join(DIRECTORY, `${name}.png`);
  const picture = await page.screenshot({ path, fullPage, animations: 'disabled' });
  expect(picture.length).toBeGreaterThan(10_000);
}
