import { cleanup, configure, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';

import type { OrdersQuestion } from '@/console/lib/api/client';
import type { OrdersPage } from '@/console/lib/api/schemas';
import type { Answer } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';
import { orderOf } from '@/console/testing/fixtures';

import { OrdersView } from './orders-view';
import { PAGE_ORDERS } from './use-orders';

afterEach(cleanup);

// A hundred rows at a time are slow to draw where the machine is busy with other things as well.
configure({ asyncUtilTimeout: 5_000 });
vi.setConfig({ testTimeout: 20_000 });

const SOLD = 250;

/** A ledger that answers as the server does, for as many orders as there are. */
function answerFrom({ search, after, limit }: OrdersQuestion): Answer<OrdersPage> {
  const matching = Array.from({ length: SOLD }, (_, index) => orderOf(index + 1)).filter(
    ({ unit, userId }) => unit > (after ?? 0) && userId.includes(search),
  );
  const orders = matching.slice(0, limit);
  const next = matching.length > limit ? (orders.at(-1)?.unit ?? null) : null;
  return { kind: 'ok', value: { orders, next, sold: SOLD } };
}

/** As a ledger on a disk does, it takes its time. */
async function answerLater(question: OrdersQuestion): Promise<Answer<OrdersPage>> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return answerFrom(question);
}

function show() {
  const getOrders = vi.fn(answerLater);
  const client = { getOrders };
  const view = render(<OrdersView client={client} epoch={0} />);
  return {
    getOrders,
    asked: () => getOrders.mock.calls.map(([question]) => question),
    signInAgain: () => view.rerender(<OrdersView client={client} epoch={1} />),
    // Without a delay nothing else happens between two keys, however slow the machine is.
    user: userEvent.setup({ delay: null }),
  };
}

// By role it would take a second each, for a hundred rows are looked through.
const button = (name: string) => screen.getByText(name, { selector: 'button' });
const searchBox = () => screen.getByLabelText(words.orders.search);
const isLocked = (name: string) => button(name).getAttribute('aria-disabled') === 'true';
const showsUnits = (from: number, to: number) =>
  screen.findByText(`${words.orders.range(String(from), String(to))}, 250 sold in all.`);

test('pages forward and back, and never holds more than one page', async () => {
  const { asked, user } = show();
  await showsUnits(1, 100);
  expect(isLocked(words.orders.previous)).toBe(true);
  await user.click(button(words.orders.next));
  await showsUnits(101, 200);
  await user.click(button(words.orders.next));
  await showsUnits(201, 250);
  expect(document.querySelectorAll('tbody tr')).toHaveLength(50);
  expect(isLocked(words.orders.next)).toBe(true);
  await user.click(button(words.orders.previous));
  await showsUnits(101, 200);
  await user.click(button(words.orders.first));
  await showsUnits(1, 100);
  expect(asked().map(({ after }) => after)).toEqual([null, 100, 200, 100, null]);
  expect(new Set(asked().map(({ limit }) => limit))).toEqual(new Set([PAGE_ORDERS]));
});

test('pressing twice in haste goes on by one page, not by the same one twice', async () => {
  const { asked, getOrders, user } = show();
  await showsUnits(1, 100);
  const held: (() => void)[] = [];
  getOrders.mockImplementationOnce(async (question) => {
    await new Promise<void>((resolve) => held.push(resolve));
    return answerFrom(question);
  });
  await user.dblClick(button(words.orders.next));
  held[0]?.();
  await showsUnits(101, 200);
  await user.click(button(words.orders.previous));
  await showsUnits(1, 100);
  expect(asked().map(({ after }) => after)).toEqual([null, 100, null]);
});

test('a search waits for the typing to pause, and begins at the first page', async () => {
  const { asked, user } = show();
  await showsUnits(1, 100);
  await user.click(button(words.orders.next));
  await showsUnits(101, 200);
  await user.type(searchBox(), ' buyer-24 ');
  await showsUnits(24, 249);
  expect(asked().slice(2)).toEqual([{ search: 'buyer-24', after: null, limit: PAGE_ORDERS }]);
  expect(isLocked(words.orders.first)).toBe(true);
});

test('the downloads are links with the search that is shown', async () => {
  const { user } = show();
  await showsUnits(1, 100);
  const csv = screen.getByText(words.orders.csv);
  expect(csv.getAttribute('href')).toBe('/admin/orders.csv');
  await user.type(searchBox(), 'a&b');
  await waitFor(() => expect(csv.getAttribute('href')).toBe('/admin/orders.csv?search=a%26b'));
  const lines = screen.getByText(words.orders.jsonLines);
  expect(lines.getAttribute('href')).toBe('/admin/orders.jsonl?search=a%26b');
});

test('says that nothing matches', async () => {
  const { user } = show();
  await showsUnits(1, 100);
  await user.type(searchBox(), 'nobody');
  expect(await screen.findByText(`${words.orders.noMatch} 250 sold in all.`)).toBeTruthy();
});

test('a failure is said, what was there stays, and the next try may succeed', async () => {
  const { getOrders, user } = show();
  await showsUnits(1, 100);
  getOrders.mockResolvedValueOnce({ kind: 'busy', correlationId: 'c0ffee' });
  await user.click(button(words.orders.next));
  await screen.findByText(words.orders.failed);
  expect(screen.getByText('buyer-1@example.com')).toBeTruthy();
  await user.click(button(words.tryAgain));
  await showsUnits(101, 200);
  expect(screen.queryByText(words.orders.failed)).toBeNull();
});

test('an answer to an older question is not shown', async () => {
  const { getOrders, user } = show();
  await showsUnits(1, 100);
  const late: (() => void)[] = [];
  getOrders.mockImplementationOnce(
    (question) => new Promise((resolve) => late.push(() => resolve(answerFrom(question)))),
  );
  await user.click(button(words.orders.next));
  await user.type(searchBox(), 'buyer-24');
  await showsUnits(24, 249);
  for (const answer of late) answer();
  await showsUnits(24, 249);
  expect(screen.queryByText('buyer-101@example.com')).toBeNull();
});

test('after signing in again the same page is asked for', async () => {
  const { getOrders, asked, signInAgain, user } = show();
  await showsUnits(1, 100);
  getOrders.mockResolvedValueOnce({ kind: 'unauthorized', correlationId: null });
  await user.click(button(words.orders.next));
  signInAgain();
  await showsUnits(101, 200);
  expect(asked().map(({ after }) => after)).toEqual([null, 100, 100]);
});

test('a time is in the zone of the reader, and in UTC to the millisecond beside it', async () => {
  show();
  await showsUnits(1, 100);
  const [time] = document.querySelectorAll('time');
  expect(time?.getAttribute('title')).toBe('2026-12-01 11:00:00.001 UTC');
  expect(time?.getAttribute('datetime')).toBe('2026-12-01T11:00:00.001Z');
});
