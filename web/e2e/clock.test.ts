import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';

import { statusOf } from './support/api';
import { ENGINES, test } from './support/shop';

const TEN_MINUTES_MS = 10 * 60_000;

/** The clock of this visitor's computer is wrong; it runs as fast as any other. */
const clockOff = (offMs: number) => async (page: Page) => {
  await page.addInitScript((off) => {
    const trueNow = Date.now.bind(Date);
    // `new Date()` and `Date.now()` ask for the time; every other use of `Date` is as it was.
    globalThis.Date = new Proxy(Date, {
      construct: (target, given) =>
        given.length === 0 ? new target(trueNow() + off) : Reflect.construct(target, given),
      get: (target, name) =>
        name === 'now' ? () => trueNow() + off : (Reflect.get(target, name) as unknown),
    });
  }, offMs);
};

/** Runs in the page: the moment at which the button opened, once it has. */
const noted = () => (globalThis as { openedAt?: number }).openedAt;

const WRONG = [
  { wrong: 'ten minutes ahead', offMs: TEN_MINUTES_MS },
  { wrong: 'ten minutes behind', offMs: -TEN_MINUTES_MS },
];

describe.each(ENGINES)('with the ledger in %s', (engine) => {
  test.for(WRONG)(
    'a visitor whose clock is $wrong waits for the same start',
    async (given, { open }) => {
      const { offMs } = given;
      const shop = await open({ engine, stock: 2, start: '4s' });
      const { startsAt } = await statusOf(shop.url);
      const ada = await shop.enter({ prepare: clockOff(offMs) });
      const shown = await ada.page.evaluate(() => Date.now());
      expect(Math.abs(shown - Date.now() - offMs)).toBeLessThan(5_000);

      await ada.page.getByRole('timer', { name: /^Opens in [1-4] seconds?$/ }).waitFor();
      // The browser itself notes the moment: looking from outside would come late.
      await ada.page.evaluate(() => {
        const seen = globalThis as { openedAt?: number };
        const button = document.querySelector('form button[type="submit"]');
        const look = () => {
          if (button?.getAttribute('aria-disabled') === 'false') {
            seen.openedAt ??= performance.timeOrigin + performance.now();
          } else requestAnimationFrame(look);
        };
        look();
      });
      const openedAt = await (await ada.page.waitForFunction(noted)).jsonValue();
      // The page and the server are on one machine here, so their true clocks agree.
      expect((openedAt ?? 0) - startsAt).toBeGreaterThanOrEqual(-20);
      expect((openedAt ?? 0) - startsAt).toBeLessThan(1_000);
      await ada.buy('ada@example.com');
      expect(ada).toMatchObject({ loads: 1, purchases: [200] });
    },
  );

  test('a reload and a new tab count down from the server’s time, not from a kept answer', async ({
    open,
  }) => {
    const shop = await open({ engine, stock: 2, start: '40s' });
    const ada = await shop.enter();
    await ada.page.getByRole('timer', { name: /^Opens in \d+ seconds$/ }).waitFor();
    // Long enough that a time from before stands out.
    await ada.page.waitForTimeout(4_000);
    await ada.page.reload();
    for (const { page } of [ada, await shop.tabOf(ada)]) {
      const timer = page.getByRole('timer', { name: /^Opens in \d+ seconds$/ });
      const shown = Number((await timer.getAttribute('aria-label'))?.match(/\d+/)?.[0]);
      const { startsAt, serverTime } = await statusOf(shop.url);
      expect(Math.abs(shown - (startsAt - serverTime) / 1000)).toBeLessThan(2);
    }
  });
});
