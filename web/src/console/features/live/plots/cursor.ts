import type { Store } from '@/console/lib/store';

/** The moment that the pointer marks in all plots at once, or `null`. */
export type PlotCursor = Store<number | null>;
