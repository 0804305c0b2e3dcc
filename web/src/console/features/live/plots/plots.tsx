import { useMemo, useState } from 'react';

import type { LiveState, Sample } from '@/console/lib/api/schemas';
import { createStore } from '@/console/lib/store';
import { words } from '@/console/lib/words';

import { type Row, rowsOf } from '../samples';
import type { PlotCursor } from './cursor';
import { type PlotDefinition, PLOTS } from './definitions';
import { MomentSlider } from './moment-slider';
import { PlotCanvas } from './plot-canvas';
import styles from './plots.module.css';
import { ValuesTable } from './values-table';

const WINDOWS_MINUTES = [1, 5, 15];
const WINDOW_MINUTES_DEFAULT = 5;
const MINUTE_MS = 60_000;

interface PlotsProps {
  samples: readonly Sample[];
  state: LiveState;
  /** The node's time of the last answer, where the time axis ends. */
  heardMs: number;
  /** Whether that answer is of this moment. */
  fresh: boolean;
}

/** All plots, over one time axis and with one cursor. */
export function Plots({ samples, state, heardMs, fresh }: PlotsProps) {
  const [minutes, setMinutes] = useState(WINDOW_MINUTES_DEFAULT);
  const [cursor] = useState<PlotCursor>(() => createStore<number | null>(null));
  const toMs = samples.at(-1)?.at ?? heardMs;
  const fromMs = toMs - minutes * MINUTE_MS;
  const rows = useMemo(() => rowsOf(samples).filter(({ at }) => at >= fromMs), [samples, fromMs]);
  return (
    <section className={styles.plots} aria-label={words.plots.label}>
      <div className={styles.time}>
        <WindowChoice minutes={minutes} onChange={setMinutes} />
        <MomentSlider rows={rows} minutes={minutes} toMs={toMs} cursor={cursor} />
      </div>
      <div className={styles.grid}>
        {PLOTS.map((definition) => (
          <Plot
            key={definition.id}
            {...{ definition, state, rows, minutes, fromMs, toMs, cursor, fresh }}
          />
        ))}
      </div>
    </section>
  );
}

interface PlotProps {
  definition: PlotDefinition;
  state: LiveState;
  rows: readonly Row[];
  minutes: number;
  fromMs: number;
  toMs: number;
  cursor: PlotCursor;
  fresh: boolean;
}

function Plot({ definition, state, rows, minutes, fromMs, toMs, cursor, fresh }: PlotProps) {
  const label = words.plots.picture(definition.title, minutes);
  return (
    <figure className={styles.plot} aria-labelledby={`${definition.id}-title`}>
      <figcaption className={styles.caption}>
        <h2 id={`${definition.id}-title`} className={styles.title}>
          {definition.title}
        </h2>
        {definition.bound !== undefined && (
          <p className={styles.bound}>{definition.bound(state)}</p>
        )}
      </figcaption>
      <div className={styles.body}>
        <PlotCanvas {...{ definition, label, rows, fromMs, toMs, cursor }} />
        <ValuesTable {...{ definition, rows, cursor, fresh }} />
      </div>
    </figure>
  );
}

interface WindowChoiceProps {
  minutes: number;
  onChange: (minutes: number) => void;
}

function WindowChoice({ minutes, onChange }: WindowChoiceProps) {
  return (
    <fieldset className={styles.choice}>
      <legend className={styles.legend}>{words.plots.window}</legend>
      {WINDOWS_MINUTES.map((option) => (
        <label key={option} className={styles.option}>
          <input
            className="visuallyHidden"
            type="radio"
            name="window"
            checked={option === minutes}
            onChange={() => onChange(option)}
          />
          {words.plots.minutes(option)}
        </label>
      ))}
    </fieldset>
  );
}
