import { expect } from 'vitest';

import { buyFor, crowd } from './support/api';
import { atRest, movements, shiftsOf, watchShifts } from './support/health';
import { DESKTOP, NARROW, PHONE } from './support/looks';
import { holdNext } from './support/network';
import { test } from './support/shop';

const SCREENS = [
  { screen: 'a desktop', look: DESKTOP },
  { screen: 'a phone', look: PHONE },
];
const SMALLEST = { screen: 'the smallest phone', look: { ...PHONE, viewport: NARROW } };
/**
 * A fifth of what counts as good for a page that people read: when the form goes, on a phone what was
 * below the screen comes up into it, and that counts.
 */
const SHIFT_MAX = 0.02;

test.for(SCREENS)(
  'on $screen nothing jumps, from loading to sold out',
  async ({ look }, { open }) => {
    const shop = await open({ stock: 4, start: '6s' });
    const ada = await shop.enter({ ...look, prepare: watchShifts });
    await ada.phase('Upcoming');
    await ada.unlocked();
    await buyFor(shop.url, crowd(2));
    await ada.left('2 of 4 left');
    await buyFor(shop.url, crowd(2, 'late'));
    await ada.phase('Sold out');
    await atRest(ada.page);
    const { sum, moved } = await shiftsOf(ada.page);
    expect({ moved, steady: sum < SHIFT_MAX }).toEqual({ moved, steady: true });
  },
);

test('a jump would be noticed', async ({ open }) => {
  const shop = await open({ stock: 4 });
  const ada = await shop.enter({ ...DESKTOP, prepare: watchShifts });
  await ada.unlocked();
  await ada.page.evaluate(() => {
    const notice = document.createElement('div');
    notice.style.height = '200px';
    document.querySelector('main')?.before(notice);
  });
  await expect.poll(async () => (await shiftsOf(ada.page)).sum).toBeGreaterThan(SHIFT_MAX);
});

test('the button stays where it is, whatever it says and whatever comes below it', async ({
  open,
}) => {
  const shop = await open({ stock: 4, start: '6s' });
  const ada = await shop.enter(PHONE);
  const place = async () => (await ada.button.boundingBox())?.y;
  await ada.phase('Upcoming');
  const before = await place();
  const held = await holdNext(ada);
  await ada.unlocked();
  expect(await place()).toBe(before);
  await shop.server.brake(true);
  await ada.reads('The sale is paused.');
  expect(await place()).toBe(before);
  await shop.server.brake(false);
  await ada.unlocked();
  expect(await place()).toBe(before);
  await ada.buyerId.fill('ada@example.com');
  await ada.button.click();
  await ada.reads('Sending your order');
  expect(await place()).toBe(before);
  await held.release();
  await ada.order();
});

test.for([...SCREENS, SMALLEST])(
  'on $screen the button is to be seen at once',
  async ({ look }, { open }) => {
    const shop = await open({ stock: 4 });
    const ada = await shop.enter(look);
    await ada.unlocked();
    const button = await ada.button.boundingBox();
    const screen = ada.page.viewportSize();
    expect((button?.y ?? 0) + (button?.height ?? 0)).toBeLessThanOrEqual(screen?.height ?? 0);
  },
);

test('who wants less motion gets none, and the others get some', async ({ open }) => {
  const shop = await open({ stock: 4 });
  const still = await shop.enter({ reducedMotion: 'reduce' });
  const held = await holdNext(still);
  await still.press('ada@example.com');
  await still.reads('Sending your order');
  await buyFor(shop.url, crowd(1));
  await still.left('3 of 4 left');
  await expect.poll(() => movements(still.page)).toEqual([]);
  await still.page.waitForTimeout(200);
  expect(await movements(still.page)).toEqual([]);
  await held.release();

  const lively = await shop.enter({ reducedMotion: 'no-preference' });
  await lively.unlocked();
  expect(await movements(lively.page)).toContainEqual(expect.stringContaining('beat'));
});
