export interface CsrfTokens {
  /** The token in use, fetched once however many ask for it. */
  get: () => Promise<string>;
  /** Takes over the fresh token that the server sends with a refusal. */
  renew: (token: string) => void;
  /** Drops a token that the server did not accept and gave no replacement for. */
  forget: () => void;
}

/** The one place that holds the CSRF token of this page. */
export function createCsrfTokens(fetchToken: () => Promise<string>): CsrfTokens {
  let token: Promise<string> | null = null;
  return {
    get: () => {
      if (token === null) {
        const fetched = fetchToken();
        token = fetched;
        // A failed fetch must not be remembered, or no later purchase could ever succeed.
        fetched.catch(() => {
          if (token === fetched) token = null;
        });
      }
      return token;
    },
    renew: (fresh) => {
      token = Promise.resolve(fresh);
    },
    forget: () => {
      token = null;
    },
  };
}
