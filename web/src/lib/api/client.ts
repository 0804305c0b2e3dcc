import { type PurchaseAnswer, readPurchaseAnswer, unreachable } from './answers';
import { ask } from './ask';
import {
  type CsrfToken,
  csrfTokenSchema,
  type OrderLookUp,
  orderLookUpSchema,
  type SaleStatus,
  saleStatusSchema,
} from './schemas';
import { NoReply, send } from './transport';

/** Longer than the server's own deadline for a purchase, so that its answer is not missed. */
const PURCHASE_TIMEOUT_MS = 15_000;

export interface ObservedStatus {
  status: SaleStatus;
  /** When it began to arrive, on the monotonic clock of `performance.now()`. */
  receivedAtMs: number;
}

export interface PurchaseRequest {
  userId: string;
  csrfToken: string;
  idempotencyKey: string;
}

export async function getStatus(signal?: AbortSignal): Promise<ObservedStatus> {
  const path = '/api/status';
  const [status, reply] = await ask({ path, correlated: false, signal }, saleStatusSchema);
  return { status, receivedAtMs: reply.receivedAtMs };
}

/** The token against forged requests, and who is signed in where the shop's tokens say it. */
export async function getCsrfToken(): Promise<CsrfToken> {
  const [token] = await ask({ path: '/api/csrf' }, csrfTokenSchema);
  return token;
}

export async function getOrderOf(userId: string, signal?: AbortSignal): Promise<OrderLookUp> {
  const path = `/api/purchase/${encodeURIComponent(userId)}`;
  const [lookUp] = await ask({ path, signal }, orderLookUpSchema);
  return lookUp;
}

/** Every way in which a purchase can go is an answer; this never throws for one of them. */
export async function postPurchase(purchase: PurchaseRequest): Promise<PurchaseAnswer> {
  try {
    const reply = await send({
      method: 'POST',
      path: '/api/purchase',
      timeoutMs: PURCHASE_TIMEOUT_MS,
      headers: {
        'X-CSRF-Token': purchase.csrfToken,
        'Idempotency-Key': purchase.idempotencyKey,
      },
      json: { userId: purchase.userId },
    });
    return readPurchaseAnswer(reply);
  } catch (error) {
    if (error instanceof NoReply) return unreachable(error);
    throw error;
  }
}
