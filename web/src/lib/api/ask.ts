import * as v from 'valibot';

import { ApiError, readFailure, unreachable } from './answers';
import { NoReply, type Reply, type Request, send } from './transport';

/** Reads give up sooner than a purchase: the next poll or a second press costs nothing. */
const READ_TIMEOUT_MS = 8_000;

/** Reads what the server tells. Whatever else comes back is thrown, with a name. */
export async function ask<const Schema extends v.GenericSchema>(
  request: Pick<Request, 'path' | 'correlated' | 'signal'>,
  schema: Schema,
): Promise<[v.InferOutput<Schema>, Reply]> {
  try {
    const reply = await send({ method: 'GET', timeoutMs: READ_TIMEOUT_MS, ...request });
    const parsed = v.safeParse(schema, reply.body);
    if (reply.httpStatus === 200 && parsed.success) return [parsed.output, reply];
    throw new ApiError(readFailure(reply));
  } catch (error) {
    if (error instanceof NoReply) throw new ApiError(unreachable(error), error);
    throw error;
  }
}
