import * as v from 'valibot';

import { readStored, writeStored } from './storage';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORAGE_KEY = 'language';
const QUERY_NAME = 'lang';

export const languageSchema = v.picklist(LANGUAGES);

/** What may decide the language of the page, the strongest first. */
export interface LanguageWishes {
  /** The query of the address, for links from a campaign in one language. */
  query: string;
  /** What the visitor chose on an earlier visit. */
  stored: Language | null;
  /** What the shop is set to. */
  shop: Language | null;
  /** The languages of the visitor's browser, the dearest first. */
  browser: readonly string[];
}

export function chooseLanguage({ query, stored, shop, browser }: LanguageWishes): Language {
  return (
    asLanguage(new URLSearchParams(query).get(QUERY_NAME)) ??
    stored ??
    shop ??
    browser.map(asLanguage).find((language) => language !== null) ??
    'en'
  );
}

/**
 * The tag by which times and numbers are written: the visitor's own kind of the language, if the
 * browser names one. British English writes a date in another way than American.
 */
export function localeOf(language: Language, browser: readonly string[]): string {
  return browser.find((tag) => asLanguage(tag) === language) ?? language;
}

export function otherLanguage(language: Language): Language {
  return language === 'en' ? 'de' : 'en';
}

export function storedLanguage(): Language | null {
  return readStored(STORAGE_KEY, languageSchema);
}

/** Remembers the visitor's choice, which from now on is stronger than the address it came with. */
export function rememberLanguage(language: Language): void {
  writeStored(STORAGE_KEY, language);
  const address = new URL(location.href);
  if (!address.searchParams.has(QUERY_NAME)) return;
  address.searchParams.delete(QUERY_NAME);
  history.replaceState(history.state, '', address);
}

/** The language of a tag as in BCP 47, `de-AT` for example. */
function asLanguage(tag: string | null): Language | null {
  const parsed = v.safeParse(languageSchema, tag?.toLowerCase().split('-')[0]);
  return parsed.success ? parsed.output : null;
}
