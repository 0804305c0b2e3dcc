import { useEffect, useState } from 'react';

import { Button } from '@/components/button';
import { useWords } from '@/lib/words';

import { copyText } from '../copy-text';

/** How long the button says what became of the press. */
const OUTCOME_MS = 2_500;

export function CopyButton({ text }: { text: string }) {
  const words = useWords().messages.receipt;
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), OUTCOME_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = async () => setOutcome((await copyText(text)) ? 'copied' : 'failed');
  return (
    <>
      <Button onClick={() => void copy()}>
        {outcome === 'copied' ? words.copied : words.copy}
      </Button>
      <span className={outcome === 'failed' ? undefined : 'visuallyHidden'} role="status">
        {outcome === 'copied' && words.copied}
        {outcome === 'failed' && words.copyFailed}
      </span>
    </>
  );
}
