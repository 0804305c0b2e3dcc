import { cleanup, fireEvent, screen } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { statusJson } from '@/testing/fake-shop';
import {
  active,
  button,
  eachWithItsOwnBrowser,
  field,
  openPage,
  pass,
  press,
  PURCHASED,
} from '@/testing/open-page';

eachWithItsOwnBrowser();

/** The workers that the page has begun; each finds what it looks for when it is told to. */
let workers: FakeWorker[] = [];
class FakeWorker extends EventTarget {
  work: unknown = null;
  ended = false;

  constructor() {
    super();
    workers.push(this);
  }

  postMessage(work: unknown) {
    this.work = work;
  }

  terminate() {
    this.ended = true;
  }

  find(nonce: string) {
    if (!this.ended) this.dispatchEvent(new MessageEvent('message', { data: nonce }));
  }
}

beforeEach(() => {
  workers = [];
  vi.stubGlobal('Worker', FakeWorker);
});

const checked = (changes = {}) => ({
  ...active(changes),
  'GET /api/check': { json: { check: 'proof_of_work', bits: 18 } },
  'POST /api/check': { json: { challenge: 'c', bits: 18, expiresAt: 2_600_000 } },
  'POST /api/pass': { json: { expiresAt: 8_000_000 } },
  'POST /api/purchase': PURCHASED,
});
const paths = (shop: Awaited<ReturnType<typeof openPage>>) =>
  shop.purchases().map(({ path }) => path);
const find = async (which: number) => {
  workers[which]?.find('42');
  await pass(10);
};

describe('the check before the sale', () => {
  test('is made before the start, once a name is typed and the typing has ended', async () => {
    const shop = await openPage(
      checked({ status: 'upcoming', startsAt: 3_000_000, stock: 10, sold: 0 }),
    );
    fireEvent.change(field(), { target: { value: 'ad' } });
    await pass(2_000);
    fireEvent.change(field(), { target: { value: 'ada' } });
    await pass(600);
    expect(workers).toHaveLength(0);
    await pass(200);
    expect(screen.getByText('Checking this browser …')).toBeTruthy();
    expect(workers[0]?.work).toEqual({ challenge: 'c', bits: 18 });
    await find(0);
    expect(screen.getByText('This browser is checked.')).toBeTruthy();
    expect(paths(shop)).toEqual(['/api/check', '/api/pass']);
  });

  test('is made at once when the field is left, and ends when another name is typed', async () => {
    await openPage(checked());
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    expect(workers).toHaveLength(1);
    fireEvent.change(field(), { target: { value: 'adam' } });
    expect(workers[0]?.ended).toBe(true);
    expect(screen.queryByText('Checking this browser …')).toBeNull();
    await pass(1_000);
    expect(workers).toHaveLength(2);
  });

  test('is waited for by a press, which then goes on by itself', async () => {
    const shop = await openPage(checked());
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    await press();
    expect(button('Checking this browser').getAttribute('aria-busy')).toBe('true');
    expect(paths(shop)).not.toContain('/api/purchase');
    await find(0);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('leaves the name to be changed while a press waits for it', async () => {
    const shop = await openPage(checked());
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    await press();
    expect(field().readOnly).toBe(false);
    fireEvent.change(field(), { target: { value: 'grace' } });
    expect(workers[0]?.ended).toBe(true);
    await pass(1_000);
    await find(1);
    expect(paths(shop)).not.toContain('/api/purchase');
    await press();
    expect(shop.purchases().at(-1)?.body).toEqual({ userId: 'grace' });
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('that begins after the order went out leaves the name alone', async () => {
    const late = new EventTarget();
    const shop = await openPage({
      ...checked(),
      'POST /api/purchase': () =>
        new Promise((answer) => late.addEventListener('answer', () => answer(PURCHASED))),
    });
    await press('ada');
    expect(paths(shop)).toEqual(['/api/purchase']);
    await pass(1_000);
    expect(screen.getByText('Checking this browser …')).toBeTruthy();
    expect(field().readOnly).toBe(true);
    expect(button('Sending your order')).toBeTruthy();
    late.dispatchEvent(new Event('answer'));
    await pass(10);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
  });

  test('goes on for the purchase that waits for it when all is sold, and is not renewed', async () => {
    const shop = await openPage({
      ...checked(),
      'POST /api/pass': { json: { expiresAt: 2_020_000 } },
    });
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    await press();
    const soldOut = { status: 'sold_out', stock: 0, sold: 10, serverTime: 2_001_000 };
    shop.routes['GET /api/status'] = { json: statusJson(soldOut) };
    shop.routes['POST /api/purchase'] = { status: 410, json: { status: 'sold_out' } };
    shop.send(soldOut);
    expect(workers[0]?.ended).toBe(false);
    await find(0);
    expect(screen.getByText('Sold out, by a moment.')).toBeTruthy();
    expect(paths(shop)).toEqual(['/api/check', '/api/pass', '/api/purchase']);
    await pass(25_000);
    expect(workers).toHaveLength(1);
  });

  test('is made anew when the shop sees no pass, and the same order goes on', async () => {
    const shop = await openPage({ ...active(), 'POST /api/purchase': PURCHASED });
    const answers = [
      { status: 403, json: { error: 'pass_required', reason: 'expired' } },
      PURCHASED,
    ];
    fireEvent.change(field(), { target: { value: 'ada' } });
    await pass(1_000);
    Object.assign(shop.routes, checked(), {
      'POST /api/purchase': () => answers.shift() ?? 'gone',
    });
    expect(shop.seen.filter(({ path }) => path === '/api/check')).toHaveLength(1);
    await press();
    // The page was told that there is no check. It asks again, and learns of one.
    expect(workers).toHaveLength(1);
    await find(0);
    expect(screen.getByRole('heading', { name: 'It’s yours.' })).toBeTruthy();
    expect(paths(shop)).toEqual(['/api/purchase', '/api/check', '/api/pass', '/api/purchase']);
  });

  test('ends with the page that has it made', async () => {
    await openPage(checked());
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    cleanup();
    expect(workers[0]?.ended).toBe(true);
  });

  test('that is not passed says so, and can be made again', async () => {
    const shop = await openPage({
      ...checked(),
      'POST /api/pass': { status: 403, json: { error: 'check_failed', reason: 'wrong' } },
    });
    fireEvent.change(field(), { target: { value: 'ada' } });
    fireEvent.blur(field());
    await pass(10);
    await find(0);
    expect(screen.getByText(/did not pass the check/)).toBeTruthy();
    Object.assign(shop.routes, checked());
    await press(undefined, 'Check again');
    await find(1);
    expect(screen.getByText('This browser is checked.')).toBeTruthy();
  });

  test('is made at once for whoever is signed in', async () => {
    const shop = await openPage({
      ...checked({ identity: 'token' }),
      'GET /api/csrf': { json: { csrfToken: 'of ada', userId: 'ada' } },
    });
    await find(0);
    expect(screen.getByText('This browser is checked.')).toBeTruthy();
    await press();
    expect(paths(shop)).toEqual(['/api/check', '/api/pass', '/api/purchase']);
  });
});
