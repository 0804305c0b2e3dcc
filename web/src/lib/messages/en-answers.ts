/** What is said to an order that has no receipt, in English. */
export const enAnswers = {
  sold_out: {
    title: 'Sold out, by a moment.',
    body: 'The last one went to somebody else before your order arrived. Nothing was ordered.',
  },
  not_active_upcoming: {
    title: 'Not open yet.',
    body: 'By the shop’s clock the sale has not started. Nothing was ordered. Press again when the countdown is over.',
  },
  too_early: {
    title: 'A moment too early.',
    body: 'The shop opens right now. Your order goes out again by itself.',
  },
  not_active_paused: {
    title: 'The shop has paused the sale.',
    body: 'Nothing was ordered. Press again when the sale goes on: the button opens by itself.',
  },
  not_active_ended: {
    title: 'The sale is over.',
    body: 'Your order arrived after the end. Nothing was ordered.',
  },
  not_active: {
    title: 'The sale is not open.',
    body: 'Nothing was ordered. Press again when the shop says that it is open.',
  },
  busy: {
    title: 'Very many people are buying right now.',
    body: 'There is no answer to your order yet. This page keeps asking. You cannot end up with two.',
  },
  rate_limited: {
    title: 'Too many tries from your connection.',
    body: (wait: string) =>
      `The shop asks you to wait ${wait}. Your order is kept ready and goes out again after that.`,
  },
  csrf: {
    title: 'Your browser did not pass the shop’s security check.',
    body: 'Allow cookies for this site and open the page in a tab of its own, then try again. Nothing was ordered by this try.',
  },
  invalid_user: {
    title: 'The shop does not take this id.',
    body: 'Check it for typing errors and press again. Nothing was ordered.',
  },
  check_failed: {
    title: 'Your browser did not pass the shop’s check.',
    body: 'Try again, or in another browser. Nothing was ordered by this try.',
  },
  check_unavailable: {
    title: 'The shop’s check of your browser does not answer.',
    body: 'Your order is kept ready. This page tries again by itself.',
  },
  other_user: {
    title: 'Somebody else is signed in now.',
    body: 'Look who is signed in and press again. Nothing was ordered by this try.',
  },
  bad_request: {
    title: 'The shop did not understand this page.',
    body: 'The page may be out of date: reload it and order again. Nothing was ordered.',
  },
  internal: {
    title: 'Something broke in the shop.',
    body: 'Your order may or may not have arrived. This page keeps asking. You cannot end up with two.',
  },
  unreadable: {
    title: 'The answer made no sense.',
    body: 'Something between you and the shop may have changed it, a network’s log-in page for example. This page keeps asking whether your order arrived. You cannot end up with two.',
  },
  unreachable: {
    title: 'No connection to the shop.',
    body: 'Your order may or may not have arrived. This page keeps asking. You cannot end up with two.',
  },
  interrupted: {
    title: 'Your last order got no answer.',
    body: 'The page was left before the shop replied. It asks again now. You cannot end up with two.',
  },
  stopped: {
    title: 'Stopped, without an answer.',
    body: 'Your order may or may not have arrived. Ask again to find out: you cannot end up with two.',
  },
  gave_up: {
    title: 'Still no answer from the shop.',
    body: 'Your order may or may not have arrived. Ask again whenever you like: you cannot end up with two.',
  },
  reload: 'Reload the page',
  reference: 'Reference for support',
};
