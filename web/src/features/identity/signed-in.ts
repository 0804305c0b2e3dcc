import { ApiError, type PurchaseAnswer } from '@/lib/api/answers';
import type { CsrfToken } from '@/lib/api/schemas';

/** Whom the shop's token names, as far as this page has been told. */
export type Person =
  | { kind: 'asking' }
  | { kind: 'in'; userId: string }
  | { kind: 'out'; expired: boolean }
  /** There was no answer; the page asks again by itself. */
  | { kind: 'unknown' };

/**
 * Who is signed in at the shop. The page cannot read the shop's token, which comes with each request by
 * itself: it knows the name only from the answer that also brings the token against forged requests.
 */
export interface SignedIn {
  person: () => Person;
  subscribe: (listener: () => void) => () => void;
  /** Asks the shop, and returns the token against forged requests, which is for that person alone. */
  ask: () => Promise<string>;
  /** Takes in what another request was told. */
  heard: (answer: PurchaseAnswer) => void;
}

export function createSignedIn(fetchToken: () => Promise<CsrfToken>): SignedIn {
  const listeners = new Set<() => void>();
  let person: Person = { kind: 'asking' };

  const tell = (next: Person) => {
    if (isSame(person, next)) return;
    person = next;
    for (const listener of listeners) listener();
  };

  const heard = (answer: PurchaseAnswer) => {
    if (answer.kind === 'unauthorized') tell({ kind: 'out', expired: answer.expired });
  };

  return {
    person: () => person,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask: async () => {
      try {
        const { csrfToken, userId } = await fetchToken();
        if (userId !== undefined) tell({ kind: 'in', userId });
        return csrfToken;
      } catch (error) {
        if (error instanceof ApiError) heard(error.failure);
        // Whoever was signed in a moment ago still is, for all that is known.
        if (person.kind === 'asking') tell({ kind: 'unknown' });
        throw error;
      }
    },
    heard,
  };
}

function isSame(one: Person, other: Person): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
