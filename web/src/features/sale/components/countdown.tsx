import { useWords } from '@/lib/words';

import { countdownParts, twoDigits } from '../countdown-parts';
import styles from './countdown.module.css';

/** The digits turn to the accent for the last seconds before the start. */
const URGENT_MS = 10_000;

interface CountdownProps {
  label: string;
  /** `null` while the time is not known. */
  remainingMs: number | null;
  /** Whether the last seconds are marked. */
  urgent?: boolean;
}

/** The time that is left, as the centrepiece. `timer` is a role that is not read out by itself. */
export function Countdown({ label, remainingMs, urgent = false }: CountdownProps) {
  const parts = countdownParts(remainingMs ?? 0);
  const words = useWords().messages.countdown;
  const groups = [
    ...(parts.days > 0 ? [[words.days, parts.days] as const] : []),
    [words.hours, parts.hours] as const,
    [words.minutes, parts.minutes] as const,
    [words.seconds, parts.seconds] as const,
  ];
  const classes = [
    styles.groups,
    groups.length > 3 && styles.four,
    urgent && remainingMs !== null && remainingMs <= URGENT_MS && styles.urgent,
  ];
  return (
    <div role="timer" aria-label={remainingMs === null ? label : words.spoken(label, parts)}>
      <p className={styles.label} aria-hidden="true">
        {label}
      </p>
      <div className={classes.filter(Boolean).join(' ')} aria-hidden="true">
        {groups.map(([unit, amount]) => (
          <div className={styles.group} key={unit}>
            <span className={styles.digits}>{remainingMs === null ? '––' : twoDigits(amount)}</span>
            <span className={styles.unit}>{unit}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
