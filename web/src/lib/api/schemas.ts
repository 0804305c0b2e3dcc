import * as v from 'valibot';

/**
 * What the server's answers must look like before anything else sees them. Fields that the server
 * adds later are dropped here; a field that is missing makes the answer unreadable.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const timeMs = count;
const csrfToken = v.pipe(v.string(), v.regex(/./));
const orderId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));

export const saleStatusSchema = v.object({
  status: v.picklist(['upcoming', 'active', 'sold_out', 'ended']),
  startsAt: timeMs,
  endsAt: timeMs,
  /** What remains. */
  stock: count,
  sold: count,
  productId: v.string(),
  productDescription: v.string(),
  serverTime: timeMs,
  /**
   * Whether the shop has pulled the emergency brake. Like the next field it may be absent while the
   * nodes are renewed one after the other and an old one answers a new page.
   */
  paused: v.optional(v.boolean(), false),
  /** Whether the node that answers can take orders right now. */
  ready: v.optional(v.boolean(), true),
  /** Whether every user id is believed, or a token of the shop says who buys. */
  identity: v.optional(v.picklist(['open', 'token']), 'open'),
});
export type SaleStatus = v.InferOutput<typeof saleStatusSchema>;

export const csrfTokenSchema = v.object({
  csrfToken,
  /** Who is signed in, where a token of the shop says who buys. */
  userId: v.exactOptional(v.string()),
});

export type CsrfToken = v.InferOutput<typeof csrfTokenSchema>;

export const orderLookUpSchema = v.variant('purchased', [
  v.object({ purchased: v.literal(true), orderId }),
  v.object({ purchased: v.literal(false), orderId: v.null() }),
]);
export type OrderLookUp = v.InferOutput<typeof orderLookUpSchema>;

/** What must be passed before buying. */
export const checkKindSchema = v.variant('check', [
  v.object({ check: v.literal('none') }),
  v.object({ check: v.literal('proof_of_work'), bits: count }),
  v.object({ check: v.literal('service'), siteKey: v.string(), script: v.string() }),
]);
export type CheckKind = v.InferOutput<typeof checkKindSchema>;

/** The work that shows it, and until when it may be shown. */
export const challengeSchema = v.object({
  challenge: v.pipe(v.string(), v.regex(/./)),
  bits: count,
  expiresAt: timeMs,
});
export type Challenge = v.InferOutput<typeof challengeSchema>;

/** The pass is a cookie; this is until when it is good. */
export const passSchema = v.object({ expiresAt: timeMs });
export type Pass = v.InferOutput<typeof passSchema>;

/** Answers of the sale itself, each with the HTTP status that must come with it. */
export const purchaseAnswerSchema = v.variant('status', [
  v.object({ status: v.literal('purchased'), httpStatus: v.literal(200), orderId }),
  v.object({ status: v.literal('already_purchased'), httpStatus: v.literal(409), orderId }),
  v.object({ status: v.literal('sold_out'), httpStatus: v.literal(410) }),
  v.object({
    status: v.literal('not_active'),
    httpStatus: v.literal(403),
    phase: v.optional(v.picklist(['upcoming', 'ended', 'paused'])),
  }),
]);

export const csrfRefusalSchema = v.object({
  error: v.literal('csrf'),
  reason: v.string(),
  csrfToken: v.optional(csrfToken),
});

export const busySchema = v.object({ status: v.literal('busy'), retryAfterMs: timeMs });

export const errorSchema = v.object({
  error: v.string(),
  /** Why, where the code alone does not say it. */
  reason: v.optional(v.string()),
  retryAfterMs: v.optional(timeMs),
});
