import { expect } from 'vitest';

import { test } from './support/shop';

const GERMAN = { locale: 'de-DE' };

test('a German browser gets German, and orders in it', async ({ open }) => {
  const shop = await open({ stock: 2, start: '2s' });
  const ada = await shop.enter(GERMAN);
  const { page } = ada;
  await page.getByRole('timer', { name: /^Beginnt in [12] Sekunden?$/ }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  await ada.unlocked();
  expect(await page.title()).toBe('A product to test with · Jetzt im Verkauf');
  expect(await ada.button.textContent()).toBe('Jetzt kaufen');
  await ada.left('noch 2 von 2');
  await ada.press('ada@example.com');
  await page.getByRole('heading', { name: 'Es gehört Ihnen.' }).waitFor();
  expect(ada.purchases).toEqual([200]);
});

test('the switch changes every word at once, and is remembered', async ({ open }) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter();
  const { page } = ada;
  await ada.phase('On sale now');
  await ada.buyerId.fill('ada@example.com');
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await ada.phase('Jetzt im Verkauf');
  // What was typed is kept: nothing is loaded anew.
  expect(await ada.buyerId.inputValue()).toBe('ada@example.com');
  expect(ada.loads).toBe(1);
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  const english = /\b(the|your|you|page|order|left|open)\b/i;
  expect(await page.locator('#root').textContent()).not.toMatch(english);

  await page.reload();
  await ada.phase('Jetzt im Verkauf');
  await page.getByRole('button', { name: 'English' }).click();
  await ada.phase('On sale now');
});

test('the address decides before the browser, and the visitor before the address', async ({
  open,
}) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter({ path: '/?lang=de&from=campaign' });
  const { page } = ada;
  await ada.phase('Jetzt im Verkauf');
  await page.getByRole('button', { name: 'English' }).click();
  await ada.phase('On sale now');
  expect(new URL(page.url()).search).toBe('?from=campaign');
  await page.reload();
  await ada.phase('On sale now');

  const bob = await shop.enter({ ...GERMAN, path: '/?lang=en' });
  await bob.phase('On sale now');
});

test('a browser in neither language gets English', async ({ open }) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter({ locale: 'ja-JP' });
  await ada.phase('On sale now');
});
