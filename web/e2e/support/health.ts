import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Page } from 'playwright-core';

import { NARROW, SCHEMES } from './looks';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SCREENS = { desktop: { width: 1280, height: 800 }, narrow: NARROW };

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}
interface Axe {
  run: (options: object) => Promise<{ violations: Violation[] }>;
}

/**
 * What is wrong with the page as it stands, on a wide and on the narrowest screen, in light and in
 * dark: all that axe finds, and words or boxes that the screen cannot hold.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = [];
  // As a value and not as an element, because the content policy lets no foreign script in.
  await page.evaluate(AXE);
  for (const [screen, size] of Object.entries(SCREENS)) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const found = [...(await axeFaults(page)), ...(await tooWide(page))];
      faults.push(...found.map((fault) => `${screen}, ${colorScheme}: ${fault}`));
    }
  }
  return faults;
}

async function axeFaults(page: Page): Promise<string[]> {
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    return (await axe.run({ resultTypes: ['violations'] })).violations;
  });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target} ${failureSummary}`),
  );
}

/** Whatever reaches over the right edge. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .map((element) => `too wide: <${element.localName} class="${element.className}">`);
  });
}

/** Counts from now on what moves without a press of the visitor's. Call it before the page loads. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = globalThis as unknown as { shifts: string[]; shift: number };
    seen.shifts = [];
    seen.shift = 0;
    interface Shift extends PerformanceEntry {
      value: number;
      hadRecentInput: boolean;
      sources: { node: Node | null }[];
    }
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        if (entry.hadRecentInput) continue;
        seen.shift += entry.value;
        const moved = entry.sources.map(({ node }) => node?.textContent?.slice(0, 40) ?? '?');
        seen.shifts.push(`${entry.value.toFixed(4)}: ${moved.join(' | ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

export interface Shifts {
  sum: number;
  /** What moved, and how much, for whoever has to find it. */
  moved: string[];
}

export function shiftsOf(page: Page): Promise<Shifts> {
  return page.evaluate(() => {
    const { shift, shifts } = globalThis as unknown as { shifts: string[]; shift: number };
    return { sum: shift, moved: shifts };
  });
}

/** The names of the animations and transitions that run at this moment. */
export function movements(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    document
      .getAnimations()
      .filter(({ playState }) => playState === 'running')
      .map((one) => (one instanceof CSSAnimation ? one.animationName : one.constructor.name)),
  );
}
