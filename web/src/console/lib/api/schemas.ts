import * as v from 'valibot';

/**
 * What the answers of the admin API must look like before anything else sees them. Times are epoch
 * milliseconds. Fields that the server adds later are dropped here.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const timeMs = count;
const micros = v.pipe(v.number(), v.minValue(0));

export const saleSchema = v.object({
  saleId: v.string(),
  productId: v.string(),
  productDescription: v.string(),
  /** All units that there ever were. */
  stock: count,
  startsAt: timeMs,
  endsAt: timeMs,
  engine: v.picklist(['sqlite', 'redis']),
  /** The file or the address of the ledger. */
  place: v.string(),
  version: v.string(),
  nodeStartedAt: timeMs,
  /** Where buyers reach this node. */
  address: v.string(),
  settings: v.array(v.object({ name: v.string(), value: v.string() })),
});
export type Sale = v.InferOutput<typeof saleSchema>;

export const OUTCOMES = [
  'purchased',
  'alreadyPurchased',
  'soldOut',
  'notActive',
  'paused',
  'busy',
  'rateLimited',
  'refused',
  'failed',
] as const;
export type OutcomeName = (typeof OUTCOMES)[number];

const times = v.object({ count, p50Us: micros, p90Us: micros, p99Us: micros, maxUs: micros });

/** What one second was like. */
export const sampleSchema = v.object({
  sequence: count,
  at: timeMs,
  outcomes: v.object(v.entriesFromList(OUTCOMES, count)),
  sold: count,
  left: count,
  latency: times,
  /** Attempts waiting, the highest number within the second. */
  queue: count,
  batches: count,
  batchMean: v.pipe(v.number(), v.minValue(0)),
  batchMax: count,
  commit: times,
  connections: count,
  streams: count,
  statusRequests: count,
  ready: v.boolean(),
});
export type Sample = v.InferOutput<typeof sampleSchema>;

export const liveSchema = v.object({
  now: timeMs,
  state: v.object({
    status: v.picklist(['upcoming', 'active', 'sold_out', 'ended']),
    paused: v.boolean(),
    pausedAt: v.nullable(timeMs),
    ready: v.boolean(),
    /** Why the node is not ready, in words. */
    reasons: v.array(v.string()),
    sold: count,
    /** What is left. */
    stock: count,
    queueMax: count,
    connectionsMax: count,
    streamsMax: count,
  }),
  samples: v.array(sampleSchema),
});
export type Live = v.InferOutput<typeof liveSchema>;
export type LiveState = Live['state'];

export const ordersSchema = v.object({
  orders: v.array(
    v.object({
      unit: count,
      orderId: v.string(),
      userId: v.string(),
      orderedAt: timeMs,
      idempotencyKey: v.nullable(v.string()),
    }),
  ),
  /** What to give as `after` to get more, or `null` at the end. */
  next: v.nullable(count),
  sold: count,
});
export type OrdersPage = v.InferOutput<typeof ordersSchema>;
export type Order = OrdersPage['orders'][number];

export const brakeSchema = v.object({ paused: v.boolean(), pausedAt: v.nullable(timeMs) });
export type Brake = v.InferOutput<typeof brakeSchema>;
