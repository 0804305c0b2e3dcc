import { act, fireEvent } from '@testing-library/react';

import { active, pass } from './open-page';

/** A sale that believes the shop's tokens, and the hands of who is signed in there. */

export const as = (userId: string) => ({ json: { csrfToken: `of ${userId}`, userId } });

export const signedIn = (userId: string, changes = {}) => ({
  ...active({ identity: 'token', ...changes }),
  'GET /api/csrf': as(userId),
});

/** Comes back to the page from another tab. */
export const returnToTab = async () => {
  act(() => {
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await pass(10);
};

export const openLookUp = async () => {
  const details = document.querySelector('details');
  if (details === null) throw new Error('there is no look-up');
  details.open = true;
  fireEvent(details, new Event('toggle'));
  await pass(10);
};
