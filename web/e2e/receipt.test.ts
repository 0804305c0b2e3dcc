import { expect } from 'vitest';

import { test } from './support/shop';

const ADA = 'ada@example.com';

test('the order number is copied as one word', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter({ permissions: ['clipboard-read', 'clipboard-write'] });
  const order = await ada.buy(ADA);
  await ada.page.getByRole('button', { name: 'Copy order number' }).click();
  await ada.page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await ada.page.evaluate(() => navigator.clipboard.readText())).toBe(order);
  await ada.page.getByRole('button', { name: 'Copy order number' }).waitFor();
});

test('in a page without the modern clipboard it is copied the old way', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter({ permissions: ['clipboard-read'] });
  const order = await ada.buy(ADA);
  await ada.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
  });
  await ada.page.getByRole('button', { name: 'Copy order number' }).click();
  await ada.page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await ada.page.evaluate(() => navigator.clipboard.readText())).toBe(order);
});

test('printed, the receipt is alone on the paper, black on white', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter({ colorScheme: 'dark' });
  const order = await ada.buy(ADA);
  await ada.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const printed = await ada.page.evaluate(() => document.body.innerText);
  expect(printed.replaceAll(/\s/g, '')).toContain(order);
  expect(printed).toContain(ADA);
  expect(printed).toContain('A product to test with');
  for (const other of [
    'On sale now',
    'Closes in',
    'left',
    'Did I get one?',
    'Copy',
    'Print',
    'time zone',
  ]) {
    expect(printed).not.toContain(other);
  }
  const colours = await ada.page.evaluate(() =>
    ['body', '[data-print="alone"]', '[data-print="alone"] h2', '[data-print="alone"] dd'].map(
      (selector) => {
        const element = document.querySelector(selector) ?? document.body;
        const { backgroundColor, color } = getComputedStyle(element);
        return `${backgroundColor} ${color}`;
      },
    ),
  );
  expect(colours[0]).toMatch(/^rgb\(255, 255, 255\)/);
  for (const colour of colours.slice(1)) expect(colour).toMatch(/rgb\(0, 0, 0\)$/);
  const pages = await ada.page.pdf({ format: 'A4' });
  expect(pages.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length).toBe(1);
});

test('the button that prints asks the browser once to print', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter();
  await ada.buy(ADA);
  // The dialog of a browser would stand in the way.
  await ada.page.evaluate(() => {
    const seen = globalThis as unknown as { prints: number };
    seen.prints = 0;
    window.print = () => void (seen.prints += 1);
  });
  await ada.page.getByRole('button', { name: 'Print' }).click();
  expect(await ada.page.evaluate('prints')).toBe(1);
});

test('without a receipt the page is printed as it is', async ({ open }) => {
  const shop = await open({ stock: 1 });
  const ada = await shop.enter();
  await ada.unlocked();
  await ada.page.emulateMedia({ media: 'print' });
  expect(await ada.page.evaluate(() => document.body.innerText)).toContain(
    'A product to test with',
  );
});

test('a kept receipt that the shop’s books do not bear out goes away', async ({ open }) => {
  const shop = await open({ stock: 2 });
  const ada = await shop.enter();
  await ada.buy(ADA);
  await ada.page.evaluate(() => {
    const name = 'flashsale.receipts';
    const kept = localStorage.getItem(name) ?? '';
    localStorage.setItem(name, kept.replaceAll('ada@example.com', 'forged@example.com'));
  });
  await ada.page.reload();
  await ada.reads('No such order in this sale.');
  expect(await ada.receipt.count()).toBe(0);
  await ada.buy('forged@example.com');
});
