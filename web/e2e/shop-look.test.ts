import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'vitest';

import { faultsOf } from './support/health';
import { test } from './support/shop';
import type { Visitor } from './support/visitor';

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30" width="400" height="300">
  <circle cx="20" cy="15" r="12" fill="#0a6b5c"/>
</svg>`;
const ACCENT = '#0a6b5c';

const look = (picture: string) => ({
  SHOP_NAME: 'Porzellan & Söhne',
  PRODUCT_NAME: 'Alba <Teller>',
  PRODUCT_DESCRIPTION: 'Six dishes in a stack, thrown by hand.',
  PRODUCT_PICTURE: picture,
  PRODUCT_PICTURE_ALT: 'Six dishes, seen from above',
  SHOP_ACCENT: ACCENT,
  SHOP_STAGE: '#e8e2d4',
});

const colourOf = ({ page }: Visitor, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => getComputedStyle(element).backgroundColor);

test('name, title, text, picture and colours are the shop’s own', async ({ open }) => {
  const picture = join(tmpdir(), `flashsale-e2e-${process.pid}.svg`);
  await writeFile(picture, PICTURE);
  const shop = await open({ stock: 2, settings: look(picture) });
  const ada = await shop.enter();
  const { page } = ada;
  await ada.unlocked();
  expect(await page.locator('header p').first().textContent()).toBe('Porzellan & Söhne');
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Alba <Teller>');
  await ada.reads('Six dishes in a stack, thrown by hand.');
  expect(await page.title()).toBe('Alba <Teller> · On sale now');
  const image = page.getByRole('img', { name: 'Six dishes, seen from above' });
  expect(await image.getAttribute('src')).toMatch(/^\/shop\/picture-[0-9a-f]+\.svg$/);
  expect(await image.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBe(400);
  expect(await colourOf(ada, 'form button[type="submit"]')).toBe('rgb(10, 107, 92)');
  expect(await faultsOf(page)).toEqual([]);

  await ada.buy('ada@example.com');
  expect(await ada.receipt.textContent()).toContain('Porzellan & Söhne');
  expect(await ada.receipt.textContent()).toContain('Alba <Teller>');
  expect(await faultsOf(page)).toEqual([]);
});

test('where the picture does not come, its words stand in its place', async ({ open }) => {
  const picture = join(tmpdir(), `flashsale-e2e-${process.pid}.svg`);
  await writeFile(picture, PICTURE);
  const shop = await open({ stock: 2, settings: look(picture) });
  const ada = await shop.enter({
    prepare: async (page) => {
      await page.route('**/shop/picture-*', (route) => route.abort());
    },
  });
  ada.complaints.expect(/net::ERR_FAILED/);
  await ada.reads('Six dishes, seen from above');
  expect(await ada.page.locator('img').count()).toBe(0);
  expect(await faultsOf(ada.page)).toEqual([]);
});

test('a link to the page is shown with the shop’s words', async ({ open }) => {
  const settings = { SHOP_NAME: 'Porzellan & Söhne', PRODUCT_NAME: 'Alba "Stack"' };
  const shop = await open({ stock: 2, settings });
  const ada = await shop.enter();
  const metas = await ada.page
    .locator('meta[property^="og:"]')
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map((one) => [one.getAttribute('property'), one.getAttribute('content')]),
      ),
    );
  expect(metas).toMatchObject({
    'og:site_name': 'Porzellan & Söhne',
    'og:title': 'Alba "Stack"',
    'og:description': 'A product to test with',
  });
});

test('the shop’s language goes before the browser’s, and the visitor’s choice before both', async ({
  open,
}) => {
  const shop = await open({ stock: 2, settings: { SHOP_LANGUAGE: 'de' } });
  const ada = await shop.enter();
  await ada.phase('Jetzt im Verkauf');
  await ada.page.getByRole('button', { name: 'English' }).click();
  await ada.phase('On sale now');
  await ada.page.reload();
  await ada.phase('On sale now');
});
