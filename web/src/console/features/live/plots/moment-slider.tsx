import { formatClock } from '@/console/lib/format';
import { useStore } from '@/console/lib/store';
import { words } from '@/console/lib/words';

import type { Row } from '../samples';
import type { PlotCursor } from './cursor';
import styles from './plots.module.css';

interface MomentSliderProps {
  rows: readonly Row[];
  minutes: number;
  toMs: number;
  cursor: PlotCursor;
}

/** Marks a moment where there is no pointer: with the keys, or with a finger that then lets go. */
export function MomentSlider({ rows, minutes, toMs, cursor }: MomentSliderProps) {
  const at = useStore(cursor);
  const seconds = minutes * 60;
  const ago = at === null ? 0 : Math.round((toMs - at) / 1_000);
  const says = at === null || ago > seconds ? words.plots.now : words.plots.at(formatClock(at));

  const choose = (value: number) => {
    const nearest = nearestTo(toMs - (seconds - value) * 1_000, rows);
    // The latest second is now, and stays so when there is a later one.
    cursor.set(nearest === rows.at(-1) ? null : (nearest?.at ?? null));
  };

  return (
    <label className={styles.moment}>
      {words.plots.moment}
      <input
        type="range"
        min={0}
        max={seconds}
        value={ago > seconds ? seconds : seconds - ago}
        aria-valuetext={says}
        onChange={(event) => choose(event.target.valueAsNumber)}
      />
      <span className={styles.momentSays} aria-hidden="true">
        {says}
      </span>
    </label>
  );
}

function nearestTo(wantedMs: number, rows: readonly Row[]): Row | null {
  let nearest: Row | null = null;
  for (const row of rows) {
    if (nearest === null || Math.abs(row.at - wantedMs) < Math.abs(nearest.at - wantedMs)) {
      nearest = row;
    }
  }
  return nearest;
}
