/** A stream that brings nothing for this long is dead: the server's heartbeat comes every 15 s. */
export const STREAM_SILENCE_MS_MAX = 40_000;
/** A tab that nobody looks at gives its stream back after this long. */
export const STREAM_HIDDEN_MS_MAX = 30_000;
/** A stream that has lived this long was a good one: the next failure counts as the first. */
export const STREAM_PROVEN_MS = 20_000;
/** The span over which the first reconnects of all pages are spread. */
export const RECONNECT_MS = 5_000;
/** The longest such span, after many failures. */
export const RECONNECT_MS_MAX = 60_000;

/**
 * How long to wait before the stream is opened again; `random` is uniform in [0, 1). The whole span
 * is drawn from, not a part around its middle: of 10,000 pages that a restart has cut off, no two
 * shall come back at one moment if it can be helped.
 */
export function reconnectDelayMs(failuresInARow: number, random: number): number {
  const span = Math.min(RECONNECT_MS * 2 ** (failuresInARow - 1), RECONNECT_MS_MAX);
  return Math.round(span * (0.1 + 0.9 * random));
}
