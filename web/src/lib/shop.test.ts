import { afterEach, expect, test } from 'vitest';

import { PLAIN_SHOP, readShop } from './shop';

afterEach(() => document.head.replaceChildren());

function write(content: string) {
  const meta = document.createElement('meta');
  meta.name = 'flashsale-shop';
  meta.content = content;
  document.head.replaceChildren(meta);
}

const LOOK = {
  shopName: 'Alba & Sons',
  productName: 'Stacking Dishes',
  pictureUrl: '/shop/picture-0f3a.webp',
  pictureAlt: 'Nine dishes',
  language: 'de',
  signInUrl: 'https://shop.example/sign-in',
};

test('a page without a server has a plain shop', () => {
  expect(readShop(document)).toEqual(PLAIN_SHOP);
});

test('the look is read as the server wrote it', () => {
  write(JSON.stringify(LOOK));
  expect(readShop(document)).toEqual(LOOK);
});

test('buyers may sign in at a path of the same origin', () => {
  write(JSON.stringify({ ...LOOK, signInUrl: '/sign-in' }));
  expect(readShop(document).signInUrl).toBe('/sign-in');
});

test('the case of a scheme does not matter', () => {
  write(JSON.stringify({ ...LOOK, signInUrl: 'HTTPS://shop.example/' }));
  expect(readShop(document).signInUrl).toBe('HTTPS://shop.example/');
});

test.each([
  ['leads to a script', 'javascript:1'],
  ['leads elsewhere by a path', '//elsewhere/'],
  ['leads elsewhere by a trick', '/\\elsewhere/'],
])('a way to sign in that %s is none, and the rest of the look stands', (_name, signInUrl) => {
  write(JSON.stringify({ ...LOOK, signInUrl }));
  expect(readShop(document)).toEqual({ ...LOOK, signInUrl: null });
});

test('what is null or absent has a default', () => {
  write('{"shopName":"Alba","productName":null,"pictureUrl":null}');
  expect(readShop(document)).toEqual({ ...PLAIN_SHOP, shopName: 'Alba' });
});

test.each([
  ['is no JSON', '{'],
  ['is no object', '7'],
  ['names an unknown language', JSON.stringify({ ...LOOK, language: 'fr' })],
  ['takes the picture from another host', JSON.stringify({ ...LOOK, pictureUrl: '//elsewhere/p' })],
  ['takes the picture from a script', JSON.stringify({ ...LOOK, pictureUrl: 'javascript:1' })],
])('a look that %s is none', (_name, content) => {
  write(content);
  expect(readShop(document)).toEqual(PLAIN_SHOP);
});
