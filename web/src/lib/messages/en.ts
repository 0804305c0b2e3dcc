import { enAnswers } from './en-answers';
import { enLookUp } from './en-look-up';

/** Every word that the page says, in English. Another language is one more object of this shape. */
export const en = {
  language: 'en',

  page: {
    fallbackTitle: 'Flash sale',
    brand: 'Flash sale',
    title: (product: string, phase: string) => `${product} · ${phase}`,
    otherLanguage: 'Deutsch',
    stage: 'The product and the time left',
    productPicture: 'A stack of porcelain discs, one of them vermilion',
    timeZone: (zone: string) => `Times are shown in your time zone (${zone}).`,
    clockDecides: 'The shop’s clock decides, not yours. This page follows it.',
  },

  phase: {
    loading: 'Loading',
    unreachable: 'Not reachable',
    reconnecting: 'Reconnecting',
    offline: 'Offline',
    upcoming: 'Upcoming',
    active: 'On sale now',
    paused: 'Paused',
    sold_out: 'Sold out',
    ended: 'Ended',
  },

  /** Read out by screen readers when the phase changes. */
  phaseNews: {
    loading: '',
    unreachable: 'The shop cannot be reached. This page keeps trying.',
    upcoming: 'The sale has not started yet.',
    active: 'The sale is open. You can buy now.',
    paused: 'The sale is paused. The button opens by itself when it goes on.',
    sold_out: 'The sale is sold out.',
    ended: 'The sale has ended.',
  },

  countdown: {
    toStart: 'Opens in',
    toEnd: 'Closes in',
    days: 'Days',
    hours: 'Hours',
    minutes: 'Minutes',
    seconds: 'Seconds',
    spoken: (
      label: string,
      parts: { days: number; hours: number; minutes: number; seconds: number },
    ) => {
      const units: [number, string][] = [
        [parts.days, 'day'],
        [parts.hours, 'hour'],
        [parts.minutes, 'minute'],
        [parts.seconds, 'second'],
      ];
      const words = units
        .filter(([amount], index) => amount > 0 || index === units.length - 1)
        .map(([amount, unit]) => `${amount} ${unit}${amount === 1 ? '' : 's'}`);
      return `${label} ${words.join(' ')}`;
    },
    loading: 'Asking the shop for the time',
    unreachableTitle: 'No signal',
    unreachableBody: 'This page keeps trying.',
    soldOutTitle: 'Sold out',
    soldOutBody: (units: string) => `All ${units} have found their owners.`,
    pausedTitle: 'Paused',
    pausedBody: (moment: string) => `Open until ${moment}`,
    endedTitle: 'Ended',
    endedBody: (moment: string) => `Closed ${moment}.`,
  },

  product: {
    opens: (moment: string) => `Opens ${moment}`,
    closes: (moment: string) => `Open until ${moment}`,
    opened: (moment: string) => `Opened ${moment}`,
    closed: (moment: string) => `Closed ${moment}`,
    number: 'No.',
  },

  stock: {
    label: 'Left',
    left: (left: string, total: string) => `${left} of ${total} left`,
    of: (total: string) => `of ${total} left`,
    edition: (total: string) => `Edition of ${total}`,
  },

  form: {
    label: 'E-mail or customer id',
    hint: 'One per person.',
    buy: 'Buy now',
    sending: 'Sending your order',
    checking: 'Checking this browser',
    waiting: 'Still asking',
    tryAgain: 'Try again',
    askAgain: 'Ask again',
    opensByItself: 'Leave this page open: the button opens by itself, no reload needed.',
    firstCome: 'Orders are taken in the order in which they arrive.',
    goesOnByItself: 'Leave this page open: the button opens by itself when the sale goes on.',
  },

  /** Where a token of the shop says who buys. */
  signIn: {
    as: 'Signed in as',
    asking: 'The shop is asked who you are.',
    unknown: 'The shop has not said who you are. This page asks again by itself.',
    missing: {
      title: 'Sign in to buy.',
      body: 'The shop sells this to customers who are signed in.',
    },
    expired: {
      title: 'Your sign-in has run out.',
      body: 'Sign in once more, then you can go on here.',
    },
    kept: 'Your order is kept. It goes out by itself when you are back.',
    link: (shop: string) => `Sign in at ${shop}`,
    inWords: (shop: string) => `Sign in at ${shop}, then come back to this page.`,
  },

  /** The check before the sale, where there is one. */
  check: {
    checking: 'Checking this browser …',
    checkingByService: 'Checking this browser … If you are asked something here, answer it.',
    passed: 'This browser is checked.',
    later: 'The check could not be made. This page tries again by itself.',
    failed: 'This browser did not pass the check. Try again, or in another browser.',
    again: 'Check again',
  },

  /** What is said while the page asks again by itself. */
  retry: {
    progress: (tries: number, triesMax: number) => `Try ${tries} of ${triesMax}`,
    asking: 'Asking again now',
    nextIn: (seconds: number) => `Asking again in ${seconds} s`,
    offline: 'Waiting for your connection',
    now: 'Try now',
    stop: 'Stop trying',
  },

  buyerIdProblems: {
    empty: 'Enter your e-mail or customer id first.',
    too_short: 'That is too short: at least 3 characters.',
    too_long: 'That is too long: at most 254 characters.',
    control_characters: 'That contains characters that cannot be typed.',
  },

  crash: {
    title: 'This page broke.',
    body: 'Reload it. An order that the shop has confirmed is safe, and one without an answer can be asked for again.',
  },

  unreachable: {
    title: 'The shop cannot be reached.',
    body: 'Check your connection and leave this page open. It carries on by itself as soon as the shop answers.',
  },

  /** The window is open and the shop has pulled the brake. */
  paused: {
    title: 'The sale is paused.',
    body: 'The shop sells nothing at the moment. Orders that it has confirmed are safe.',
  },

  /** The window is open and the shop cannot store orders right now. */
  notReady: {
    title: 'The shop has trouble taking orders right now.',
    body: 'You may press all the same: this page keeps asking until the shop answers.',
  },

  closed: {
    sold_out: {
      title: 'They are all gone.',
      body: 'Nothing comes back into this sale. If you ordered, your order is safe: look it up below.',
    },
    ended: {
      title: 'This sale is over.',
      body: 'No more orders are taken. If you ordered, your order is safe: look it up below.',
    },
  },

  answers: enAnswers,

  wait: (ms: number) => {
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`;
    return `${Math.ceil(seconds / 60)} minutes`;
  },

  receipt: {
    kicker: 'Receipt',
    shop: 'Shop',
    confirmed: 'Confirmed',
    print: 'Print',
    purchased: 'It’s yours.',
    alreadyPurchased: 'You already have one.',
    lookedUp: 'Yes, you got one.',
    alreadyPurchasedBody: 'One per person, so nothing new was ordered. This is your order.',
    purchasedBody: 'Your order is stored for good. Keep the number: it is your proof.',
    lookedUpBody: 'The shop has this order under your id.',
    order: 'Order',
    buyer: 'Ordered by',
    product: 'Product',
    copy: 'Copy order number',
    copied: 'Copied',
    copyFailed: 'Copying was refused: select the number instead',
    another: 'Order with another id',
    goneTitle: 'No such order in this sale.',
    goneBody: (userId: string) =>
      `The shop has no order for ${userId}, so the receipt kept in this browser was removed.`,
  },

  lookUp: enLookUp,
};

/** The shape that every language has. Only its type leaves this file for the page’s own code. */
export type Messages = typeof en;
