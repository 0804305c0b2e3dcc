import { randomHex } from '@/lib/random-hex';

const CORRELATION_HEADER = 'Correlation-Id';
const CORRELATION_ID_BYTES = 8;

/** What came back, before anybody judged it. */
export interface Reply {
  httpStatus: number;
  /** The parsed JSON, or `undefined` when the answer was no JSON. */
  body: unknown;
  /** When to come back, in seconds, as the header `Retry-After` says it; 0 or no number without one. */
  retryAfterS: number;
  /** The reference under which the server's log knows this request. */
  correlationId: string | null;
  /** When the answer began to arrive, on the monotonic clock of `performance.now()`. */
  receivedAtMs: number;
}

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  timeoutMs: number;
  headers?: Record<string, string>;
  json?: unknown;
  /** Off for answers that are shared through caches: each visitor would then see a foreign reference. */
  correlated?: boolean;
  signal?: AbortSignal | undefined;
}

/** No answer came: the network is gone, the server is, or it took too long. */
export class NoReply extends Error {
  override name = 'NoReply';
  readonly correlationId: string | null;

  constructor(correlationId: string | null, cause: unknown) {
    super('the server did not answer', { cause });
    this.correlationId = correlationId;
  }
}

/** Sends one request and waits for the whole answer, for no longer than the time given. */
export async function send(request: Request): Promise<Reply> {
  const sentId = request.correlated === false ? null : randomHex(CORRELATION_ID_BYTES);
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const timer = setTimeout(giveUp, request.timeoutMs);
  request.signal?.addEventListener('abort', giveUp);
  try {
    const response = await fetch(request.path, {
      method: request.method,
      headers: {
        Accept: 'application/json',
        ...(sentId === null ? {} : { [CORRELATION_HEADER]: sentId }),
        ...(request.json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      body: request.json === undefined ? null : JSON.stringify(request.json),
      // A shared cache may answer; this browser's own must not. It would hide what was just bought,
      // and bring back an old time with an answer that has not changed since.
      cache: 'no-store',
      credentials: 'same-origin',
      // The API never redirects. A network that does (a hotel's log-in page) has not reached it.
      redirect: 'error',
      signal: abort.signal,
    });
    const receivedAtMs = performance.now();
    const text = await response.text();
    return {
      httpStatus: response.status,
      body: parseJson(text),
      retryAfterS: Number(response.headers.get('Retry-After')),
      correlationId: response.headers.get(CORRELATION_HEADER) ?? sentId,
      receivedAtMs,
    };
  } catch (cause) {
    throw new NoReply(sentId, cause);
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', giveUp);
  }
}

/** The parsed text, or `undefined` when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
