import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { CrashGuard } from '@/components/crash-guard';
import { loadWords } from '@/lib/words';
import { statusJson } from '@/testing/fake-shop';
import {
  active,
  button,
  eachWithItsOwnBrowser,
  field,
  isLocked,
  openPage,
  pass,
  press,
  PURCHASED,
} from '@/testing/open-page';

import { Crashed } from './crashed';
import { Spoken } from './spoken';

eachWithItsOwnBrowser();

function Broken(): never {
  throw new Error('a mistake');
}

describe('the sale', () => {
  test('opens at the start by the server’s clock, without another poll', async () => {
    vi.setSystemTime(0);
    const upcoming = statusJson({ status: 'upcoming', startsAt: 2_001_500, stock: 10, sold: 0 });
    const shop = await openPage({ 'GET /api/status': { json: upcoming } });
    expect(screen.getByRole('timer').getAttribute('aria-label')).toBe('Opens in 2 seconds');
    expect(isLocked(button('Buy now'))).toBe(true);
    await press('ada@example.com');
    expect(shop.purchases()).toHaveLength(0);

    await pass(1_500 - 21);
    expect(isLocked(button('Buy now'))).toBe(true);
    // The visitor's wall clock may do what it likes.
    vi.setSystemTime(4_000_000_000_000);
    await pass(2);
    expect(isLocked(button('Buy now'))).toBe(false);
    expect(screen.getByRole('timer').getAttribute('aria-label')).toMatch(/^Closes in/);
    expect(shop.seen.filter(({ path }) => path === '/api/status')).toHaveLength(1);
  });

  test('shows what is left, follows the polls and closes when sold out', async () => {
    const shop = await openPage(active());
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe('3 of 10 left');
    shop.routes['GET /api/status'] = { json: statusJson({ stock: 1, sold: 9 }) };
    await pass(3_700);
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe('1 of 10 left');
    shop.routes['GET /api/status'] = {
      json: statusJson({ status: 'sold_out', stock: 0, sold: 10 }),
    };
    await pass(3_700);
    expect(screen.queryByRole('button', { name: 'Buy now' })).toBeNull();
    expect(screen.getByText('They are all gone.')).toBeTruthy();
  });

  test('says when the shop cannot be reached, and recovers by itself', async () => {
    const shop = await openPage({ 'GET /api/status': 'gone' });
    expect(screen.getByText('The shop cannot be reached.')).toBeTruthy();
    shop.routes['GET /api/status'] = { json: statusJson() };
    await pass(7_300);
    expect(isLocked(button('Buy now'))).toBe(false);
    shop.routes['GET /api/status'] = 'gone';
    await pass(3_700);
    expect(screen.getByText('Reconnecting')).toBeTruthy();
    expect(screen.getByText('The shop cannot be reached.')).toBeTruthy();
    expect(screen.getByText(/This page keeps trying\./)).toBeTruthy();
    expect(isLocked(button('Buy now'))).toBe(false);
  });

  test('says before the start that the sale is paused', async () => {
    const upcoming = { status: 'upcoming', startsAt: 3_000_000, sold: 0, stock: 10 };
    const shop = await openPage(active({ ...upcoming, paused: true }));
    expect(screen.getByText('Upcoming')).toBeTruthy();
    expect(screen.getByText('The sale is paused.')).toBeTruthy();
    expect(screen.getByText(/opens by itself when the sale goes on/)).toBeTruthy();
    expect(screen.getByText(/The button opens by itself when it goes on/)).toBeTruthy();
    shop.send({ ...upcoming, paused: false, serverTime: 2_001_000 });
    expect(screen.queryByText('The sale is paused.')).toBeNull();
    expect(screen.getByText(/no reload needed/)).toBeTruthy();
  });

  test('follows the live stream, and asks no more while there is one', async () => {
    const shop = await openPage(active());
    shop.send({ stock: 1, sold: 9 });
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe('1 of 10 left');
    await pass(30_000);
    expect(shop.seen.filter(({ path }) => path === '/api/status')).toHaveLength(1);
    shop.send({ status: 'sold_out', stock: 0, sold: 10 });
    expect(screen.getByText('They are all gone.')).toBeTruthy();
  });

  test('says that the visitor is offline', async () => {
    await openPage(active());
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    act(() => {
      window.dispatchEvent(new Event('offline'));
    });
    expect(screen.getByText('Offline')).toBeTruthy();
  });

  test('gives the focus to the panel when what had it goes', async () => {
    const shop = await openPage(active());
    field().focus();
    shop.send({ status: 'sold_out', stock: 0, sold: 10 });
    expect(document.activeElement?.textContent).toContain('They are all gone.');
  });
});

test('a page that breaks says so and offers to begin anew', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  render(
    <Spoken words={await loadWords('en')}>
      <CrashGuard fallback={<Crashed />}>
        <Broken />
      </CrashGuard>
    </Spoken>,
  );
  expect(screen.getByRole('alert').textContent).toContain('This page broke.');
  expect(button('Reload the page')).toBeTruthy();
});

describe('the shop’s look', () => {
  const meta = document.createElement('meta');
  afterEach(() => meta.remove());

  const LOOK = {
    shopName: 'Alba & Sons',
    productName: 'Stacking Dishes',
    pictureUrl: '/shop/picture-0f3a.webp',
    pictureAlt: 'Nine dishes',
    language: null,
  };

  test('has its name, its product and its picture', async () => {
    meta.name = 'flashsale-shop';
    meta.content = JSON.stringify(LOOK);
    document.head.append(meta);
    await openPage({ ...active(), 'POST /api/purchase': PURCHASED });
    expect(screen.getByRole('banner').textContent).toContain('Alba & Sons');
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Stacking Dishes');
    expect(screen.getByText('Alba Stacking Dishes')).toBeTruthy();
    expect(screen.getByAltText('Nine dishes').getAttribute('src')).toBe(LOOK.pictureUrl);
    await press('ada');
    const receipt = screen.getByRole('region', { name: 'It’s yours.' }).textContent;
    expect(receipt).toContain('Alba & Sons');
    expect(receipt).toContain('Stacking Dishes');
  });

  test('speaks another language on demand, and keeps what was typed', async () => {
    await loadWords('de');
    await openPage(active());
    fireEvent.change(field(), { target: { value: 'ada' } });
    await press(undefined, 'Deutsch');
    expect(button('Jetzt kaufen')).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>('E-Mail oder Kundennummer').value).toBe('ada');
    expect(document.documentElement.lang).toBe('de');
    expect(localStorage.getItem('flashsale.language')).toBe('"de"');
    await press(undefined, 'English');
    expect(button('Buy now')).toBeTruthy();
  });
});
