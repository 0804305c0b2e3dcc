import type { Language } from '@/lib/language';

import type { Messages } from './en';

/** Fetches the words of one language. Each is a file of its own, so that nobody loads two. */
export async function loadMessages(language: Language): Promise<Messages> {
  switch (language) {
    case 'en':
      return (await import('./en')).en;
    case 'de':
      return (await import('./de')).de;
  }
}
