import type { Page } from 'playwright-core';

/**
 * A made-up sale of which a console is told: people gather, the rush comes, all is sold, and it ebbs away. A
 * node keeps a quarter of an hour of it, for which no test can wait.
 */

const STOCK = 20_000;
const SAMPLES_KEPT = 900;
/** How long the stock lasts. */
const SOLD_OUT_S = 26;

/** What is wrong at the moment. */
export interface Trouble {
  paused: boolean;
  reasons: string[];
}

/** From now on this console hears of the rush, as of so many seconds after the start, and in trouble. */
export async function tellOfRush(page: Page, secondsIn: number, trouble: Trouble): Promise<void> {
  const startsAt = Math.floor(Date.now() / 1_000) * 1_000 - secondsIn * 1_000;
  await page.route('**/admin/live*', (route) => route.fulfill({ json: live(startsAt, trouble) }));
}

function live(startsAt: number, { paused, reasons }: Trouble) {
  const now = Date.now();
  const second = Math.floor((now - startsAt) / 1_000) - 1;
  const { sold, left } = lifeAt(second);
  return {
    now,
    state: {
      status: left === 0 ? 'sold_out' : 'active',
      paused,
      pausedAt: paused ? now - 131_000 : null,
      ready: reasons.length === 0,
      reasons,
      sold,
      stock: left,
      queueMax: 16_384,
      connectionsMax: 20_000,
      streamsMax: 10_000,
    },
    samples: Array.from({ length: SAMPLES_KEPT }, (_, index) =>
      rushSample(second + index - SAMPLES_KEPT + 1, startsAt),
    ),
  };
}

/** Sold and left at the end of a second after the start. */
function lifeAt(second: number): { sold: number; left: number } {
  const share = Math.min(1, Math.max(0, (second + 1) / SOLD_OUT_S));
  const sold = Math.round(STOCK * (1 - (1 - share) ** 1.6));
  return { sold, left: STOCK - sold };
}

/** The sample of a second, the same each time it is asked for. */
function rushSample(second: number, startsAt: number) {
  const noise = (salt: number) => 0.85 + 0.3 * fraction(second * 12.9898 + salt * 78.233);
  const { sold, left } = lifeAt(second);
  const isOpen = second >= 0;
  const crowd = isOpen ? 38_000 * Math.exp(-second / 55) + 40 : 9_000 * Math.exp(second / 90) + 15;
  const purchased = sold - lifeAt(second - 1).sold;
  const load = isOpen ? Math.min(1, crowd / 30_000) : 0;
  const count = (value: number, salt: number) => Math.max(0, Math.round(value * noise(salt)));
  const isSoldOut = left === 0;
  const p50 = 450 + 9_000 * load;
  const attempts = isOpen ? count(crowd * 0.6, 1) : count(crowd * 0.01, 2);
  return {
    sequence: second + 100_000,
    at: startsAt + (second + 1) * 1_000,
    outcomes: {
      purchased,
      alreadyPurchased: isOpen ? count(crowd * 0.03, 3) : 0,
      soldOut: isSoldOut ? count(crowd * 0.6, 4) : 0,
      notActive: isOpen ? 0 : attempts,
      paused: 0,
      busy: isOpen && second < 9 ? count(900 - second * 95, 5) : 0,
      rateLimited: isOpen ? count(crowd * 0.01, 21) : 0,
      refused: fraction(second * 3.7) > 0.9 ? 2 : 0,
      failed: second === 4 ? 3 : 0,
    },
    sold,
    left,
    latency: {
      count: attempts,
      ...(attempts === 0
        ? { p50Us: 0, p90Us: 0, p99Us: 0, maxUs: 0 }
        : {
            p50Us: count(p50, 6),
            p90Us: count(p50 * 2.4, 7),
            p99Us: count(p50 * 6, 8),
            maxUs: count(p50 * 15, 9),
          }),
    },
    queue: purchased > 0 ? count(5_200 * load, 10) : 0,
    batches: purchased > 0 ? 180 : 0,
    batchMean: purchased / 180,
    batchMax: purchased > 0 ? count(256 * load + 4, 11) : 0,
    commit: {
      count: purchased > 0 ? 180 : 0,
      p50Us: purchased > 0 ? count(1_900, 12) : 0,
      p90Us: purchased > 0 ? count(4_100, 20) : 0,
      p99Us: purchased > 0 ? count(6_800, 13) : 0,
      maxUs: purchased > 0 ? count(11_000, 14) : 0,
    },
    connections: count(Math.min(16_000, crowd * 0.5 + 800), 15),
    streams: count(Math.min(9_600, crowd * 0.25 + 500), 16),
    statusRequests: count(crowd * 0.2, 17),
    ready: true,
  };
}

/** A number in [0, 1) that looks random and is always the same. */
function fraction(seed: number): number {
  const value = Math.sin(seed) * 43_758.5453;
  return value - Math.floor(value);
}
