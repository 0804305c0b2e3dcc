import { createContext, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

import { type Language, rememberLanguage } from '@/lib/language';
import { loadWords, type Words, WordsContext } from '@/lib/words';

export const ChooseLanguageContext = createContext<(language: Language) => void>(() => {});

/** The page in one language, which the visitor may change while it is open. */
export function Spoken({ words: first, children }: { words: Words; children: ReactNode }) {
  const [words, setWords] = useState(first);
  const wanted = useRef(first.language);
  useEffect(() => {
    document.documentElement.lang = words.language;
  }, [words.language]);

  const choose = useCallback((language: Language) => {
    wanted.current = language;
    const speak = async () => {
      const loaded = await loadWords(language);
      if (wanted.current !== language) return;
      rememberLanguage(language);
      setWords(loaded);
    };
    // Without a connection the page stays in the language that it has.
    speak().catch(() => {});
  }, []);

  return (
    <WordsContext value={words}>
      <ChooseLanguageContext value={choose}>{children}</ChooseLanguageContext>
    </WordsContext>
  );
}
