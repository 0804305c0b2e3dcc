import type { Store } from '@/console/lib/store';

/** The moment that is marked in all plots at once, by the pointer or the slider, or `null`. */
export type PlotCursor = Store<number | null>;
