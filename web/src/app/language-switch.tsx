import { useContext } from 'react';

import { Button } from '@/components/button';
import { otherLanguage } from '@/lib/language';
import { useWords } from '@/lib/words';

import { ChooseLanguageContext } from './spoken';

/** Offers the other language, in that language. */
export function LanguageSwitch() {
  const { language, messages } = useWords();
  const choose = useContext(ChooseLanguageContext);
  const other = otherLanguage(language);
  return (
    <Button look="plain" lang={other} onClick={() => choose(other)}>
      {messages.page.otherLanguage}
    </Button>
  );
}
