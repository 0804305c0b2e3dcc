import { beforeEach, expect, test, vi } from 'vitest';

import { ORDER_ID, OTHER_ORDER_ID } from '@/testing/fake-shop';

import { createReceiptStore, type Receipt, RECEIPTS_MAX } from './receipt-store';

const receipt = (changes: Partial<Receipt> = {}): Receipt => ({
  saleKey: 'sale',
  userId: 'ada',
  orderId: ORDER_ID,
  learnedBy: 'purchased',
  confirmedAt: 1_000,
  ...changes,
});

beforeEach(() => localStorage.clear());

test('a receipt survives a reload, for its own sale only', () => {
  createReceiptStore().keep(receipt());
  const reloaded = createReceiptStore();
  expect(reloaded.of('sale')).toEqual(receipt());
  expect(reloaded.of('another')).toBeNull();
});

test('a sale has one receipt, the last', () => {
  const store = createReceiptStore();
  store.keep(receipt());
  store.keep(receipt({ saleKey: 'another' }));
  store.keep(receipt({ userId: 'bob', orderId: OTHER_ORDER_ID }));
  expect(store.of('sale')?.userId).toBe('bob');
  expect(store.of('another')?.userId).toBe('ada');
});

test('no more receipts are kept than the bound allows, and the oldest goes', () => {
  const store = createReceiptStore();
  for (let sale = 0; sale <= RECEIPTS_MAX; sale += 1) store.keep(receipt({ saleKey: `${sale}` }));
  expect(store.of('0')).toBeNull();
  expect(store.of('1')).not.toBeNull();
  expect(store.of(`${RECEIPTS_MAX}`)).not.toBeNull();
});

test('the books win over what was kept', () => {
  const store = createReceiptStore();
  store.keep(receipt());
  store.learn('sale', 'ada', OTHER_ORDER_ID);
  expect(store.of('sale')).toEqual(receipt({ orderId: OTHER_ORDER_ID, confirmedAt: null }));
  store.learn('sale', 'ada', null);
  expect(store.of('sale')).toBeNull();
  expect(createReceiptStore().of('sale')).toBeNull();
});

test('what the books say of somebody else touches nothing', () => {
  const store = createReceiptStore();
  store.keep(receipt());
  store.learn('sale', 'bob', OTHER_ORDER_ID);
  store.learn('sale', 'bob', null);
  expect(store.of('sale')).toEqual(receipt());
});

test('an order found in the books becomes the receipt where there is none', () => {
  const store = createReceiptStore();
  store.learn('sale', 'ada', ORDER_ID);
  expect(store.of('sale')).toEqual(receipt({ learnedBy: 'looked_up', confirmedAt: null }));
});

test('damaged storage is no receipt', () => {
  localStorage.setItem('flashsale.receipts', '[{"saleKey":"sale","userId":7}]');
  expect(createReceiptStore().of('sale')).toBeNull();
  localStorage.setItem('flashsale.receipts', '{');
  expect(createReceiptStore().of('sale')).toBeNull();
});

test('listeners hear of changes', () => {
  const store = createReceiptStore();
  const listener = vi.fn();
  store.subscribe(listener);
  store.keep(receipt());
  store.learn('sale', 'ada', ORDER_ID);
  expect(listener).toHaveBeenCalledTimes(1);
});

test('whoever asks again keeps the time of the first confirmation', () => {
  const store = createReceiptStore();
  store.keep(receipt());
  store.keep(receipt({ learnedBy: 'already_purchased', confirmedAt: 9_000 }));
  expect(store.of('sale')).toEqual(receipt({ learnedBy: 'already_purchased' }));
  store.keep(receipt({ orderId: OTHER_ORDER_ID, confirmedAt: 9_000 }));
  expect(store.of('sale')?.confirmedAt).toBe(9_000);
});

test('a receipt of an older page, without a time, is still one', () => {
  const { confirmedAt: _, ...older } = receipt();
  localStorage.setItem('flashsale.receipts', JSON.stringify([older]));
  expect(createReceiptStore().of('sale')).toEqual(receipt({ confirmedAt: null }));
});

test('what another tab learns shows in this one', () => {
  const [here, there] = [createReceiptStore(), createReceiptStore()];
  const listener = vi.fn();
  here.subscribe(listener);
  there.keep(receipt());
  expect(here.of('sale')).toBeNull();
  window.dispatchEvent(new StorageEvent('storage', { key: 'flashsale.other' }));
  expect(here.of('sale')).toBeNull();
  window.dispatchEvent(new StorageEvent('storage', { key: 'flashsale.receipts' }));
  expect(here.of('sale')).toEqual(receipt());
  expect(listener).toHaveBeenCalledTimes(1);
});
