/** What is said to whoever looks up an order, in English. */
export const enLookUp = {
  summary: 'Did I get one?',
  body: 'Enter the id you ordered with. The shop looks in its books.',
  label: 'Look up e-mail or customer id',
  submit: 'Look it up',
  asking: 'Looking',
  ownFound: 'Yes. This is your order:',
  ownNotFoundBody: 'The shop has no order for whoever is signed in.',
  found: 'Yes. There is an order for this id:',
  notFound: 'No, not in this sale.',
  notFoundBody: 'The shop has no order for this id. If you used another one, look that up.',
  failed: {
    busy: { title: 'The shop is too busy to look right now.', body: 'Try again in a moment.' },
    rate_limited: {
      title: 'Too many look-ups from your connection.',
      body: 'Try again in a moment.',
    },
    invalid_user: {
      title: 'The shop does not take this id.',
      body: 'Check it for typing errors.',
    },
    bad_request: {
      title: 'The shop did not understand this page.',
      body: 'The page may be out of date: reload it and look again.',
    },
    unauthorized: {
      title: 'Sign in to look.',
      body: 'The shop tells each customer of their own order.',
    },
    internal: { title: 'Something broke in the shop.', body: 'Try again in a moment.' },
    unreadable: { title: 'The answer made no sense.', body: 'Try again in a moment.' },
    unreachable: {
      title: 'No connection to the shop.',
      body: 'Check your connection and try again.',
    },
  },
};
