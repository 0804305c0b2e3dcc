import { expect } from 'vitest';

import { heard, listen } from './support/announcements';
import { answerOnce } from './support/network';
import { test } from './support/shop';

test('what changes is announced, and the countdown is not', async ({ open }) => {
  const shop = await open({ stock: 5, start: '9s' });
  const ada = await shop.enter();
  const { page } = ada;
  const timer = page.getByRole('timer', { name: /^Opens in/ });
  await ada.phase('Upcoming');
  await listen(page);
  const before = await timer.getAttribute('aria-label');
  await page.waitForTimeout(4_000);
  expect(await timer.getAttribute('aria-label')).not.toBe(before);
  expect(await heard(page)).toEqual([]);

  await ada.unlocked();
  expect(await heard(page)).toEqual(['The sale is open. You can buy now.']);
  await shop.server.brake(true);
  await ada.phase('Paused');
  expect(await heard(page)).toEqual([expect.stringMatching(/^The sale is paused\./)]);
  await shop.server.brake(false);
  await ada.unlocked();
  expect(await heard(page)).toEqual(['The sale is open. You can buy now.']);

  await answerOnce(ada, 422, {
    error: 'invalid_user',
    message: 'For programs.',
    correlationId: 'a1',
  });
  await ada.press('ada@example.com');
  await ada.reads('The shop does not take this id.');
  expect(await heard(page)).toEqual([
    expect.stringMatching(/^Sending your order/),
    expect.stringMatching(/^The shop does not take this id\./),
  ]);
});
