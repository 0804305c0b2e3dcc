import { words } from './words';

const counts = new Intl.NumberFormat(words.locale);
const tenths = new Intl.NumberFormat(words.locale, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(words.locale, {
  notation: 'compact',
  maximumSignificantDigits: 3,
});
const precise = new Intl.NumberFormat(words.locale, { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(words.locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const minute = new Intl.DateTimeFormat(words.locale, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const moment = new Intl.DateTimeFormat(words.locale, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

export function formatCount(count: number): string {
  return counts.format(count);
}

export function formatTenths(value: number): string {
  return tenths.format(value);
}

/** A count for an axis, as short as it can be. */
export function formatCompact(count: number): string {
  return compact.format(count);
}

/** A duration, in the unit that makes it easiest to read. */
export function formatMicros(us: number): string {
  if (us < 1_000) return `${precise.format(us)} µs`;
  if (us < 1_000_000) return `${precise.format(us / 1_000)} ms`;
  return `${precise.format(us / 1_000_000)} s`;
}

/** The time of day in the reader's zone. */
export function formatClock(epochMs: number): string {
  return clock.format(epochMs);
}

/** The time of day in the reader's zone, to the minute. */
export function formatMinute(epochMs: number): string {
  return minute.format(epochMs);
}

/** Date and time in the reader's zone. */
export function formatMoment(epochMs: number): string {
  return moment.format(epochMs);
}

/** The same moment for everybody, to the millisecond. */
export function formatUtc(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** A time that runs, as digits; a begun second counts as a whole one. */
export function formatCountdown(remainingMs: number): string {
  const total = Math.max(0, Math.ceil(remainingMs / 1_000));
  const days = Math.floor(total / 86_400);
  const digits = [Math.floor(total / 3_600) % 24, Math.floor(total / 60) % 60, total % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days > 0 ? `${days} d ${digits}` : digits;
}

/** How long something has lasted, in one or two units. */
export function formatSpan(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  if (total < 60) return `${total} s`;
  if (total < 3_600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  if (total < 86_400) return `${Math.floor(total / 3_600)} h ${Math.floor(total / 60) % 60} min`;
  return `${Math.floor(total / 86_400)} d ${Math.floor(total / 3_600) % 24} h`;
}

export function timeZoneName(): string {
  return clock.resolvedOptions().timeZone.replaceAll('_', ' ');
}
