import { messages } from './messages';

const counts = new Intl.NumberFormat(messages.locale);
const moments = new Intl.DateTimeFormat(messages.locale, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

export function formatCount(count: number): string {
  return counts.format(count);
}

/** A moment of the sale as the visitor's calendar has it. */
export function formatMoment(epochMs: number): string {
  return moments.format(epochMs);
}

export function timeZoneName(): string {
  return moments.resolvedOptions().timeZone.replaceAll('_', ' ');
}
