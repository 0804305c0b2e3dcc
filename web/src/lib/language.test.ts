import { beforeEach, expect, test } from 'vitest';

import {
  chooseLanguage,
  type LanguageWishes,
  localeOf,
  rememberLanguage,
  storedLanguage,
} from './language';

const none: LanguageWishes = { query: '', stored: null, shop: null, browser: [] };

beforeEach(() => localStorage.clear());

test.each<[string, Partial<LanguageWishes>, string]>([
  ['nothing is known', {}, 'en'],
  ['the address asks', { query: '?lang=de', stored: 'en', shop: 'en', browser: ['en'] }, 'de'],
  ['the address asks for one we lack', { query: '?lang=fr', stored: 'de' }, 'de'],
  ['the visitor has chosen', { stored: 'de', shop: 'en', browser: ['en'] }, 'de'],
  ['the shop is set', { shop: 'de', browser: ['en-GB', 'en'] }, 'de'],
  ['only the browser knows', { browser: ['fr-FR', 'de-AT', 'en'] }, 'de'],
  ['a tag is in capitals', { browser: ['DE-DE'] }, 'de'],
  ['the browser knows others only', { browser: ['fr', 'ja'] }, 'en'],
])('when %s', (_name, wishes, language) => {
  expect(chooseLanguage({ ...none, ...wishes })).toBe(language);
});

test('times and numbers follow the visitor’s kind of the language', () => {
  expect(localeOf('en', ['de-DE', 'en-GB', 'en'])).toBe('en-GB');
  expect(localeOf('de', ['en-GB'])).toBe('de');
});

test('a choice is remembered, and the address no longer speaks against it', () => {
  history.replaceState(null, '', '/?lang=de&from=letter');
  rememberLanguage('en');
  expect(storedLanguage()).toBe('en');
  expect(location.search).toBe('?from=letter');
});

test('a choice that makes no sense is none', () => {
  localStorage.setItem('flashsale.language', '"xx"');
  expect(storedLanguage()).toBeNull();
});
