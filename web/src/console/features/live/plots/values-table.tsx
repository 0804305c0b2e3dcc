import { useStore } from '@/console/lib/store';
import { words } from '@/console/lib/words';
import { formatClock } from '@/console/lib/format';

import type { Row } from '../samples';
import { highestOf } from './columns';
import type { PlotCursor } from './cursor';
import type { PlotDefinition, SeriesDefinition } from './definitions';
import styles from './values-table.module.css';

interface ValuesTableProps {
  definition: PlotDefinition;
  /** The rows of the time that is shown. */
  rows: readonly Row[];
  cursor: PlotCursor;
  /** Whether the latest values are those of this moment. */
  fresh: boolean;
}

/** The key to the lines, and what they say in figures: the latest, or those at the cursor. */
export function ValuesTable({ definition, rows, cursor, fresh }: ValuesTableProps) {
  const at = useStore(cursor);
  const marked = at === null ? undefined : rows.find((row) => row.at === at);
  const shown = marked ?? rows.at(-1);
  const format = (value: number | null) =>
    value === null ? words.headline.none : definition.format(value);
  const latest = fresh ? words.plots.now : words.plots.last;
  return (
    <table className={styles.table}>
      <caption className="visuallyHidden">{words.plots.table(definition.title)}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="visuallyHidden">{words.plots.line}</span>
          </th>
          <th scope="col">
            {marked === undefined ? latest : words.plots.at(formatClock(marked.at))}
          </th>
          <th scope="col">{words.plots.highest}</th>
        </tr>
      </thead>
      <tbody>
        {definition.series.map((series) => {
          const highest = highestOf(rows, series);
          const value = shown?.sample ? series.value(shown.sample) : null;
          return (
            <tr key={series.label} data-quiet={(highest ?? 0) === 0}>
              <th scope="row" title={series.hint}>
                <Swatch series={series} />
                {series.label}
              </th>
              <td>{format(value)}</td>
              <td>{format(highest)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const SWATCH_WIDTH = 20;

/** A piece of the line, with its dashes. */
function Swatch({ series: { colour, dash, width = 1.5 } }: { series: SeriesDefinition }) {
  return (
    <svg className={styles.swatch} width={SWATCH_WIDTH} height="8" aria-hidden="true">
      <line
        x2={SWATCH_WIDTH}
        y1="4"
        y2="4"
        stroke={`var(${colour})`}
        strokeWidth={width + 0.5}
        strokeDasharray={dash?.join(' ')}
      />
    </svg>
  );
}
