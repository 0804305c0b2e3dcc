import {
  type Brake,
  brakeSchema,
  type Live,
  liveSchema,
  type OrdersPage,
  ordersSchema,
  type Sale,
  saleSchema,
} from './schemas';
import { type Answer, ask, nothing } from './transport';

const TIMEOUT_MS = 5_000;
/** A search walks through the orders, and the ledger may be busy when the brake is pulled. */
const SLOW_TIMEOUT_MS = 15_000;

export interface OrdersQuestion {
  search: string;
  /** The unit after which to begin, or `null` for the first ones. */
  after: number | null;
  limit: number;
}

export interface AdminClient {
  signIn: (token: string) => Promise<Answer<undefined>>;
  signOut: () => Promise<Answer<undefined>>;
  getSale: (signal?: AbortSignal) => Promise<Answer<Sale>>;
  /** The state, and the samples after a sequence number, or all that the node has kept. */
  getLive: (after: number | null) => Promise<Answer<Live>>;
  getOrders: (question: OrdersQuestion, signal?: AbortSignal) => Promise<Answer<OrdersPage>>;
  setBrake: (paused: boolean) => Promise<Answer<Brake>>;
}

/** `onUnauthorized` is told of every answer that says the session is over. */
export function createAdminClient(onUnauthorized: () => void): AdminClient {
  const inSession: typeof ask = async (request) => {
    const answer = await ask(request);
    if (answer.kind === 'unauthorized') onUnauthorized();
    return answer;
  };
  const session = { path: '/admin/session', schema: nothing, timeoutMs: TIMEOUT_MS };
  return {
    signIn: (token) => ask({ ...session, method: 'POST', json: { token } }),
    signOut: () => ask({ ...session, method: 'DELETE' }),
    getSale: (signal) =>
      inSession({
        method: 'GET',
        path: '/admin/sale',
        schema: saleSchema,
        timeoutMs: TIMEOUT_MS,
        signal,
      }),
    getLive: (after) =>
      inSession({
        method: 'GET',
        path: after === null ? '/admin/live' : `/admin/live?after=${after}`,
        schema: liveSchema,
        timeoutMs: TIMEOUT_MS,
      }),
    getOrders: ({ search, after, limit }, signal) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (search !== '') query.set('search', search);
      if (after !== null) query.set('after', String(after));
      return inSession({
        method: 'GET',
        path: `/admin/orders?${query}`,
        schema: ordersSchema,
        timeoutMs: SLOW_TIMEOUT_MS,
        signal,
      });
    },
    setBrake: (paused) =>
      inSession({
        method: 'PUT',
        path: '/admin/brake',
        schema: brakeSchema,
        timeoutMs: SLOW_TIMEOUT_MS,
        json: { paused },
      }),
  };
}

/** Where the browser downloads the orders from; it streams them to the disk by itself. */
export function downloadPath(format: 'csv' | 'jsonl', search: string): string {
  const query = search === '' ? '' : `?${new URLSearchParams({ search })}`;
  return `/admin/orders.${format}${query}`;
}
