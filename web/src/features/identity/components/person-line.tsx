import { useWords } from '@/lib/words';

import type { Person } from '../signed-in';
import styles from './person-line.module.css';

/** Who buys, in the place of a field that asks for it. */
export function PersonLine({ person }: { person: Exclude<Person, { kind: 'out' }> }) {
  const words = useWords().messages.signIn;
  return (
    <p className={styles.person} role="status">
      {person.kind === 'in' ? (
        <>
          {words.as} <strong className={styles.name}>{person.userId}</strong>
        </>
      ) : (
        words[person.kind]
      )}
    </p>
  );
}
