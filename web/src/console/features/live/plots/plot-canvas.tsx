import 'uplot/dist/uPlot.min.css';

import { useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';

import type { Row } from '../samples';
import { columnsOf } from './columns';
import type { PlotCursor } from './cursor';
import type { PlotDefinition } from './definitions';
import styles from './plot-canvas.module.css';
import { optionsFor } from './uplot-options';

interface PlotCanvasProps {
  definition: PlotDefinition;
  label: string;
  rows: readonly Row[];
  /** The span of the time axis. */
  fromMs: number;
  toMs: number;
  cursor: PlotCursor;
}

/** The lines themselves. To a screen reader it is a picture with a name. */
export function PlotCanvas({ definition, label, rows, fromMs, toMs, cursor }: PlotCanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const sizeOf = () => ({ width: element.clientWidth, height: element.clientHeight });
    const drawn = new uPlot(
      optionsFor(definition, sizeOf()),
      [[], ...definition.series.map(() => [])],
      element,
    );
    plot.current = drawn;
    const resized = new ResizeObserver(() => {
      const { width, height } = sizeOf();
      if (width > 0 && (width !== drawn.width || height !== drawn.height)) {
        drawn.setSize({ width, height });
      }
    });
    resized.observe(element);
    const unsubscribe = cursor.subscribe(() => mark(drawn, cursor));
    const onMove = ({ offsetX }: PointerEvent) => {
      const seconds = drawn.data[0]?.[drawn.posToIdx(offsetX)];
      cursor.set(seconds === undefined ? null : seconds * 1_000);
    };
    const onLeave = () => cursor.set(null);
    drawn.over.addEventListener('pointermove', onMove);
    drawn.over.addEventListener('pointerleave', onLeave);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => drawn.redraw();
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      resized.disconnect();
      unsubscribe();
      drawn.destroy();
      plot.current = null;
    };
  }, [definition, cursor]);

  useEffect(() => {
    const drawn = plot.current;
    drawn?.batch(() => {
      drawn.setData(columnsOf(rows, definition.series), false);
      drawn.setScale('x', { min: fromMs / 1_000, max: toMs / 1_000 });
    });
    if (drawn !== null) mark(drawn, cursor);
  }, [rows, definition, fromMs, toMs, cursor]);

  return <div ref={box} className={styles.box} role="img" aria-label={label} />;
}

const OUTSIDE_PX = -10;

/** Draws the marked moment, or takes the mark away when there is none or it is not on the axis. */
function mark(drawn: uPlot, cursor: PlotCursor) {
  const at = cursor.get();
  const left = at === null ? OUTSIDE_PX : drawn.valToPos(at / 1_000, 'x');
  drawn.setCursor({ left: Number.isFinite(left) && left >= 0 ? left : OUTSIDE_PX, top: 0 });
}
