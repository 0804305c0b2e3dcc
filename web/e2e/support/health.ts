import type { Page } from 'playwright-core';

import { accessibilityFaults } from './accessibility';
import { NARROW, SCHEMES } from './looks';

const SCREENS = { desktop: { width: 1280, height: 800 }, narrow: NARROW };

/**
 * What is wrong with the page as it stands, on a wide and on the narrowest screen, in light and in
 * dark: all that axe finds, and words or boxes that the screen cannot hold.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const [screen, size] of Object.entries(SCREENS)) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await atRest(page);
      const found = [
        ...(await accessibilityFaults(page)),
        ...(await tooWide(page)),
        ...(await cutOff(page)),
      ];
      faults.push(...found.map((fault) => `${screen}, ${colorScheme}: ${fault}`));
    }
  }
  return faults;
}

/** Brings to its end what is on its way, a colour for example: it would be measured in between. */
export async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // A change begins its transitions in the next frame, and is drawn with the one after it.
    for (let frame = 0; frame < 3; frame += 1) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      for (const animation of document.getAnimations()) {
        if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
      }
    }
  });
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

/**
 * Whatever holds words that it does not show to their end, and does not say so by three dots. What is
 * only for a screen reader is one pixel wide and left out.
 */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => {
        const { overflowX, textOverflow } = getComputedStyle(element);
        const cuts = overflowX === 'hidden' || overflowX === 'clip';
        const { clientWidth, scrollWidth } = element;
        const tooLong = clientWidth > 1 && scrollWidth > clientWidth + 1;
        return cuts && tooLong && textOverflow !== 'ellipsis' && element.textContent?.trim() !== '';
      })
      .map(
        ({ localName, className, textContent }) =>
          `cut off: <${localName} class="${className}"> ${textContent}`,
      ),
  );
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
