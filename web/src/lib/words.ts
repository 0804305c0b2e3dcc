import { createContext, useContext } from 'react';

import { createFormats, type Formats } from './format';
import { type Language, localeOf } from './language';
import type { Messages } from './messages/en';
import { loadMessages } from './messages/load';

/** All that depends on the language of the page. */
export interface Words {
  language: Language;
  messages: Messages;
  formats: Formats;
}

export async function loadWords(language: Language): Promise<Words> {
  const messages = await loadMessages(language);
  return { language, messages, formats: createFormats(localeOf(language, navigator.languages)) };
}

export const WordsContext = createContext<Words | null>(null);

/** The words of the page, wherever in it. */
export function useWords(): Words {
  const words = useContext(WordsContext);
  if (words === null) throw new Error('no words were given to this part of the page');
  return words;
}
