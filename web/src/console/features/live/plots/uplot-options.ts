import type uPlot from 'uplot';

import { formatClock, formatCompact, formatMicros, formatMinute } from '@/console/lib/format';

import { lonersOf } from './columns';
import type { PlotDefinition } from './definitions';
import { decades, fromZeroRange, linearMarks, linearRange, logRange, type Range } from './scales';

const FONT = '11px "Helvetica Neue", Helvetica, Arial, sans-serif';
const AXIS_WIDTH = 52;
/** How far apart, in pixels, times must be so that one can be read; and in seconds, so that they are round. */
const TIME_MARK_SPACE = 64;
const TIME_MARKS_S = [5, 10, 15, 30, 60, 120, 180, 300, 600];

interface Vertical {
  scale: uPlot.Scale;
  marks: (min: number, max: number) => number[];
  format: (value: number) => string;
}

const ranged = (range: (lowest: number | null, highest: number | null) => Range) => {
  // uPlot gives `null` for both where a plot has no values.
  const asked: uPlot.Range.Function = (_plot, lowest, highest) => range(lowest, highest);
  return asked;
};

const VERTICALS: Record<PlotDefinition['scale'], Vertical> = {
  linear: {
    scale: { range: ranged((_lowest, highest) => linearRange(highest)) },
    marks: (_min, max) => linearMarks(max),
    format: formatCompact,
  },
  fromZero: {
    // The inverse hyperbolic sine runs like a line up to about 1, and like a logarithm above.
    scale: { distr: 4, asinh: 1, range: ranged((_lowest, highest) => fromZeroRange(highest)) },
    marks: decades,
    format: formatCompact,
  },
  logMicros: {
    scale: { distr: 3, log: 10, range: ranged(logRange) },
    marks: decades,
    format: formatMicros,
  },
};

export function optionsFor(
  definition: PlotDefinition,
  size: { width: number; height: number },
): uPlot.Options {
  const vertical = VERTICALS[definition.scale];
  const grid = { stroke: () => colourOf('--plot-grid'), width: 1 };
  const axis = {
    stroke: () => colourOf('--ink-soft'),
    font: FONT,
    grid,
    ticks: { show: false },
    // Without this, uPlot leaves out the marks of logarithmic axes that it would not have set itself.
    filter: (_plot: uPlot, marks: number[]) => marks,
  };
  return {
    ...size,
    legend: { show: false },
    // To the right, half a time of the axis: the last one stands under the end of the lines.
    padding: [8, 24, 0, 0],
    scales: { x: { time: true, auto: false }, y: vertical.scale },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        gap: 6,
        space: TIME_MARK_SPACE,
        incrs: TIME_MARKS_S,
        values: (_plot, marks, _axis, _space, apart) =>
          marks.map((seconds) => (apart < 60 ? formatClock : formatMinute)(seconds * 1_000)),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 6,
        splits: (_plot, _axis, min, max) => vertical.marks(min, max),
        values: (_plot, marks) => marks.map((mark) => vertical.format(mark)),
      },
    ],
    series: [
      {},
      ...definition.series.map(({ colour, dash, width = 1.5 }) => ({
        stroke: () => colourOf(colour),
        width,
        ...(dash === undefined ? {} : { dash }),
        points: {
          show: false,
          size: 4,
          width: 0,
          fill: () => colourOf(colour),
          filter: (plot: uPlot, line: number) => lonersOf(plot.data[line] ?? []),
        },
      })),
    ],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7, width: 0, fill: (_plot, line) => colourOf(colourAt(definition, line)) },
      // The marked moment belongs to all plots and to the slider, so it is set from outside only.
      bind: { mousemove: noListener, mouseleave: noListener, mouseenter: noListener },
    },
  };
}

const noListener = () => null;

function colourAt({ series }: PlotDefinition, line: number): string {
  return series[line - 1]?.colour ?? '--ink';
}

/** A canvas knows no style sheet, so colours are looked up each time something is drawn. */
function colourOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
