import * as v from 'valibot';

import { NoReply, type Request, send } from '@/lib/api/transport';

/** Like a body in JSON, a header that a form on another site cannot send. */
const NOT_A_FORM = { 'X-Requested-With': 'flashsale' };

/** Why there is no answer of the kind that was asked for. */
export interface Failure {
  kind: 'unauthorized' | 'busy' | 'refused' | 'failed' | 'unreadable' | 'unreachable';
  /** The reference under which the node's log knows the request. */
  correlationId: string | null;
}

export type Answer<Value> = { kind: 'ok'; value: Value } | Failure;

export interface Question<Schema extends v.GenericSchema> extends Pick<
  Request,
  'method' | 'path' | 'timeoutMs' | 'json' | 'signal'
> {
  schema: Schema;
}

/** For answers without a body. */
export const nothing = v.undefined();

/** Asks the node, and names what came of it. It never throws for want of an answer. */
export async function ask<const Schema extends v.GenericSchema>({
  schema,
  ...request
}: Question<Schema>): Promise<Answer<v.InferOutput<Schema>>> {
  try {
    const { httpStatus, body, correlationId } = await send({
      ...request,
      headers: request.method === 'DELETE' ? NOT_A_FORM : {},
      // What the node never heard of is not in its log: only its own reference is shown.
      correlated: false,
    });
    if (httpStatus < 200 || httpStatus > 299) return { kind: kindOf(httpStatus), correlationId };
    const parsed = v.safeParse(schema, body);
    return parsed.success
      ? { kind: 'ok', value: parsed.output }
      : { kind: 'unreadable', correlationId };
  } catch (error) {
    if (!(error instanceof NoReply)) throw error;
    return { kind: 'unreachable', correlationId: null };
  }
}

function kindOf(httpStatus: number): Failure['kind'] {
  if (httpStatus === 401) return 'unauthorized';
  if (httpStatus === 503) return 'busy';
  return httpStatus >= 500 ? 'failed' : 'refused';
}
