import type { Live, LiveState, Order, Sale, Sample } from '@/console/lib/api/schemas';

/** A quiet second; its time is that many seconds after the epoch. */
export function sampleOf(sequence: number, changes: Partial<Sample> = {}): Sample {
  return {
    sequence,
    at: sequence * 1_000,
    outcomes: {
      purchased: 0,
      alreadyPurchased: 0,
      soldOut: 0,
      notActive: 0,
      paused: 0,
      busy: 0,
      rateLimited: 0,
      refused: 0,
      failed: 0,
    },
    sold: 0,
    left: 500,
    latency: { count: 0, p50Us: 0, p90Us: 0, p99Us: 0, maxUs: 0 },
    queue: 0,
    batches: 0,
    batchMean: 0,
    batchMax: 0,
    commit: { count: 0, p50Us: 0, p90Us: 0, p99Us: 0, maxUs: 0 },
    connections: 0,
    streams: 0,
    statusRequests: 0,
    ready: true,
    ...changes,
  };
}

export function stateOf(changes: Partial<LiveState> = {}): LiveState {
  return {
    status: 'active',
    paused: false,
    pausedAt: null,
    ready: true,
    reasons: [],
    sold: 188,
    stock: 312,
    queueMax: 16_384,
    connectionsMax: 20_000,
    streamsMax: 10_000,
    ...changes,
  };
}

export function liveOf(
  samples: Sample[],
  { now = samples.at(-1)?.at ?? 0, ...changes }: Partial<LiveState> & { now?: number } = {},
): Live {
  return { now, state: stateOf(changes), samples };
}

export function orderOf(unit: number): Order {
  return {
    unit,
    orderId: unit.toString(16).padStart(32, '0'),
    userId: `buyer-${unit}@example.com`,
    orderedAt: 1_796_122_800_000 + unit,
    idempotencyKey: null,
  };
}

export const SALE: Sale = {
  saleId: 'winter-drop',
  productId: 'AL-042',
  productDescription: 'Alba Stacking Dishes, Vermilion',
  stock: 500,
  startsAt: 1_796_122_800_000,
  endsAt: 1_796_130_000_000,
  engine: 'sqlite',
  place: '/var/lib/flashsale/winter-drop.sqlite3',
  version: '0.1.0',
  nodeStartedAt: 1_796_119_000_000,
  address: '127.0.0.1:4000',
  settings: [
    { name: 'PURCHASE_QUEUE_MAX', value: '16384' },
    { name: 'CONNECTIONS_MAX', value: '20000' },
  ],
};
