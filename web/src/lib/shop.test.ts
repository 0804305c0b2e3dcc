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

test('what is null or absent has a default', () => {
  write('{"shopName":"Alba","productName":null,"pictureUrl":null}');
  expect(readShop(document)).toEqual({ ...PLAIN_SHOP, shopName: 'Alba' });
});

test.each([
  ['is no JSON', '{'],
  ['is no object', '7'],
  ['names an unknown language', JSON.stringify({ ...LOOK, language: 'fr' })],
  ['takes the picture from another host', JSON.stringify({ ...LOOK, pictureUrl: '//elsewhere/p' })],
  ['signs in by a script', JSON.stringify({ ...LOOK, signInUrl: 'javascript:1' })],
  ['signs in elsewhere by a path', JSON.stringify({ ...LOOK, signInUrl: '//elsewhere/' })],
  ['signs in elsewhere by a trick', JSON.stringify({ ...LOOK, signInUrl: '/\\elsewhere/' })],
  ['takes the picture from a script', JSON.stringify({ ...LOOK, pictureUrl: 'javascript:1' })],
])('a look that %s is none', (_name, content) => {
  write(content);
  expect(readShop(document)).toEqual(PLAIN_SHOP);
});
