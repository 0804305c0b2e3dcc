import type { AdminClient } from './api/client';
import { createAdminClient } from './api/client';
import type { Answer } from './api/transport';
import { createStore, type Store } from './store';

export interface SessionState {
  /** The browser keeps the cookie where scripts cannot see it; only an answer tells that it is gone. */
  signedOut: boolean;
  /** Counts the sign-ins, so that what failed for want of a session is asked for again. */
  epoch: number;
}

export interface Session {
  state: Store<SessionState>;
  client: AdminClient;
  signIn: (token: string) => Promise<Answer<undefined>>;
  signOut: () => Promise<Answer<undefined>>;
}

export function createSession(): Session {
  const state = createStore<SessionState>({ signedOut: false, epoch: 0 });
  const end = () => state.set({ ...state.get(), signedOut: true });
  const client = createAdminClient(end);
  return {
    state,
    client,
    signIn: async (token) => {
      const answer = await client.signIn(token);
      if (answer.kind === 'ok') state.set({ signedOut: false, epoch: state.get().epoch + 1 });
      return answer;
    },
    signOut: async () => {
      const answer = await client.signOut();
      if (answer.kind === 'ok' || answer.kind === 'unauthorized') end();
      return answer;
    },
  };
}
