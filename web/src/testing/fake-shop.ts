import { vi } from 'vitest';

/** What the fake shop answers: a status, a JSON body or text, and headers. */
export interface FakeAnswer {
  status?: number;
  json?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

export interface SeenRequest {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Reply = FakeAnswer | 'gone';
type Route = Reply | ((request: SeenRequest) => Reply | Promise<Reply>);

export const ORDER_ID = '0123456789abcdef0123456789abcdef';
export const OTHER_ORDER_ID = 'fedcba9876543210fedcba9876543210';

/** A server behind `fetch`: routes by method and path, and everything it was asked. */
export function fakeShop(routes: Record<string, Route>) {
  const seen: SeenRequest[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit): Promise<Response> => {
    const request = {
      method: init.method ?? 'GET',
      path,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : null,
    };
    seen.push(request);
    const route = routes[`${request.method} ${path}`];
    if (route === undefined) throw new Error(`the fake shop has no ${request.method} ${path}`);
    const answer = typeof route === 'function' ? await route(request) : route;
    if (answer === 'gone') throw new TypeError('Failed to fetch');
    const text = answer.text ?? JSON.stringify(answer.json);
    return new Response(text, { status: answer.status ?? 200, headers: answer.headers ?? {} });
  });
  return {
    routes,
    seen,
    purchases: () => seen.filter(({ method }) => method === 'POST'),
  };
}

export function statusJson(changes: Record<string, unknown> = {}) {
  return {
    status: 'active',
    startsAt: 1_000_000,
    endsAt: 9_000_000,
    stock: 3,
    sold: 7,
    productId: 'AL-042',
    productDescription: 'Alba Stacking Dishes',
    serverTime: 2_000_000,
    paused: false,
    ready: true,
    ...changes,
  };
}
