/** Writes numbers and times as one language and the visitor's time zone have them. */
export interface Formats {
  count: (count: number) => string;
  /** A moment of the sale as the visitor's calendar has it. */
  moment: (epochMs: number) => string;
  /** A moment with its year, for what is kept. */
  date: (epochMs: number) => string;
  timeZone: string;
}

/** `locale` is a tag as in BCP 47, `en-GB` for example. */
export function createFormats(locale: string): Formats {
  const counts = new Intl.NumberFormat(locale);
  const moments = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
  return {
    count: (count) => counts.format(count),
    moment: (epochMs) => moments.format(epochMs),
    date: (epochMs) => dates.format(epochMs),
    timeZone: moments.resolvedOptions().timeZone.replaceAll('_', ' '),
  };
}
