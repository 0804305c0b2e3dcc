import * as v from 'valibot';

import type { ObservedStatus } from './client';
import { saleStatusSchema } from './schemas';
import { parseJson } from './transport';

/** The address of the server's live stream of the sale. */
export const STATUS_EVENTS_PATH = '/api/events';

export interface StatusEventsListener {
  onStatus: (observed: ObservedStatus) => void;
  /** The stream is over: it was refused, it ended, or what it says cannot be understood. */
  onEnd: () => void;
}

/**
 * Opens the live stream once. The browser would open it again by itself, every page at the same
 * moment and without end; so the first error closes it, and whoever opened it decides what next.
 */
export function openStatusEvents({ onStatus, onEnd }: StatusEventsListener): () => void {
  const source = new EventSource(STATUS_EVENTS_PATH);
  const end = () => {
    source.close();
    onEnd();
  };
  source.addEventListener('error', end);
  source.addEventListener('status', ({ data }: MessageEvent<unknown>) => {
    const receivedAtMs = performance.now();
    const parsed = v.safeParse(saleStatusSchema, parseJson(String(data)));
    if (parsed.success) onStatus({ status: parsed.output, receivedAtMs });
    else end();
  });
  return () => source.close();
}
