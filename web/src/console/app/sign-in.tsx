import { Dialog } from '@/console/components/dialog';
import { SignInForm } from '@/console/features/session/sign-in-form';
import type { Session } from '@/console/lib/session';
import { words } from '@/console/lib/words';

import styles from './console.module.css';

/** The only thing to see for whoever has no session. */
export function SignInPage({ session }: { session: Session }) {
  return (
    <main className={styles.alone}>
      <title>{words.page.title(words.session.title)}</title>
      <p className={styles.brand}>{words.page.brand}</p>
      <h1 className={styles.aloneTitle}>{words.page.name}</h1>
      <SignInForm signIn={session.signIn} />
    </main>
  );
}

/** Over the panel, when the session has ended while it was open. */
export function SignInAgain({ session }: { session: Session }) {
  return (
    <Dialog title={words.session.again}>
      <p className={styles.why}>{words.session.why}</p>
      <SignInForm signIn={session.signIn} />
    </Dialog>
  );
}
