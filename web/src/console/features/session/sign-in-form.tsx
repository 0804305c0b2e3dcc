import { type FormEvent, useEffect, useRef, useState } from 'react';

import { Button } from '@/console/components/button';
import { FailureWords } from '@/console/components/notice';
import { TextField } from '@/console/components/text-field';
import type { Answer, Failure } from '@/console/lib/api/transport';
import { words } from '@/console/lib/words';

import styles from './sign-in-form.module.css';

/** Longer than any token; the server has the say. */
const TOKEN_CHARS_MAX = 512;

/** Asks for the token, which is kept nowhere: the server answers it with a cookie. */
export function SignInForm({ signIn }: { signIn: (token: string) => Promise<Answer<undefined>> }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => field.current?.focus(), []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setFailure(null);
    if (token.trim() === '') {
      setProblem(words.session.missing);
      field.current?.focus();
      return;
    }
    setBusy(true);
    const answer = await signIn(token.trim());
    setBusy(false);
    if (answer.kind === 'ok') return;
    if (answer.kind === 'unauthorized') setProblem(words.session.wrong);
    else setFailure(answer);
    field.current?.focus();
  };

  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <TextField
        ref={field}
        label={words.session.token}
        type="password"
        autoComplete="current-password"
        charsMax={TOKEN_CHARS_MAX}
        value={token}
        problem={problem}
        hint={<Hint />}
        onChange={(value) => {
          setToken(value);
          setProblem(null);
        }}
      />
      <div role="alert">{failure !== null && <FailureWords failure={failure} />}</div>
      <Button type="submit" busy={busy}>
        {words.session.submit}
      </Button>
    </form>
  );
}

/** Sentences with names of files and variables in between: every other piece is one. */
function Hint() {
  return words.session.hint.map((piece, index) =>
    index % 2 === 0 ? piece : <code key={piece}>{piece}</code>,
  );
}
