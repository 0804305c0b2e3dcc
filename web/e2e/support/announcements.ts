import type { Page } from 'playwright-core';

/**
 * Writes down from now on what a screen reader says by itself: the text of a live region that has
 * changed. A region that comes together with its text is not counted, because not all of them read it.
 */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const live = '[role="status"], [role="alert"], [aria-live]:not([aria-live="off"])';
    const seen = globalThis as unknown as { announced: string[] };
    seen.announced = [];
    const texts = new WeakMap<Element, string>();
    const look = () => {
      for (const region of document.querySelectorAll(live)) {
        const before = texts.get(region);
        const text = region.textContent?.trim() ?? '';
        texts.set(region, text);
        if (before !== undefined && before !== text && text !== '') seen.announced.push(text);
      }
    };
    look();
    const all = { subtree: true, childList: true, characterData: true };
    new MutationObserver(look).observe(document.body, all);
  });
}

/** What was announced since the last call. */
export function heard(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    (globalThis as unknown as { announced: string[] }).announced.splice(0),
  );
}
