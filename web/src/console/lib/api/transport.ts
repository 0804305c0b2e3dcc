import * as v from 'valibot';

const CORRELATION_HEADER = 'Correlation-Id';

/** Why there is no answer of the kind that was asked for. */
export interface Failure {
  kind: 'unauthorized' | 'busy' | 'refused' | 'failed' | 'unreadable' | 'unreachable';
  /** The reference under which the node's log knows the request. */
  correlationId: string | null;
}

export type Answer<Value> = { kind: 'ok'; value: Value } | Failure;

export interface Request<Schema extends v.GenericSchema> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  schema: Schema;
  timeoutMs: number;
  json?: unknown;
  signal?: AbortSignal | undefined;
}

/** For answers without a body. */
export const nothing = v.undefined();

/** Sends one request, waits no longer than allowed, and names what came of it. It never throws. */
export async function send<const Schema extends v.GenericSchema>(
  request: Request<Schema>,
): Promise<Answer<v.InferOutput<Schema>>> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.path, {
      method: request.method,
      headers: headersOf(request),
      body: request.json === undefined ? null : JSON.stringify(request.json),
      cache: 'no-store',
      credentials: 'same-origin',
      // The API never redirects; what does is something in between.
      redirect: 'error',
      signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
    });
    const correlationId = response.headers.get(CORRELATION_HEADER);
    const body = parseJson(await response.text());
    if (!response.ok) return { kind: kindOf(response.status), correlationId };
    const parsed = v.safeParse(request.schema, body);
    return parsed.success
      ? { kind: 'ok', value: parsed.output }
      : { kind: 'unreadable', correlationId };
  } catch {
    return { kind: 'unreachable', correlationId: null };
  }
}

/** Both headers are such that a form on another site cannot send them. */
function headersOf({ method, json }: { method: string; json?: unknown }): Record<string, string> {
  return {
    Accept: 'application/json',
    ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(method === 'DELETE' ? { 'X-Requested-With': 'flashsale' } : {}),
  };
}

function kindOf(httpStatus: number): Failure['kind'] {
  if (httpStatus === 401) return 'unauthorized';
  if (httpStatus === 503) return 'busy';
  return httpStatus >= 500 ? 'failed' : 'refused';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
