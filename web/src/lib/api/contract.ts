import type * as v from 'valibot';

import type { components } from './openapi';
import type {
  busySchema,
  csrfRefusalSchema,
  Challenge,
  CheckKind,
  CsrfToken,
  errorSchema,
  OrderLookUp,
  Pass,
  purchaseAnswerSchema,
  SaleStatus,
} from './schemas';

/**
 * Holds the schemas of this page to the server's contract. Nothing runs here: where the two part, the
 * compiler stops at the line that says what should hold.
 */
export type Contract = [
  // What the page reads in full is the same on both sides.
  Same<SaleStatus, Said['SaleStatus']>,
  Same<OrderLookUp, Said['LookUp']>,
  Same<CsrfToken, Said['CsrfToken']>,
  Same<Phase, Said['ClosedPhase']>,
  Same<CheckKind, Said['CheckKind']>,
  Same<Challenge, Said['Challenge']>,
  Same<Pass, Said['PassGiven']>,
  // Of other answers it reads a part, with their HTTP status: whatever the server says must fit.
  Fits<Said['Purchased'] & { httpStatus: 200 }, Answer>,
  Fits<Said['AlreadyPurchased'] & { httpStatus: 409 }, Answer>,
  Fits<Said['SoldOut'] & { httpStatus: 410 }, Answer>,
  Fits<Said['NotActive'] & { httpStatus: 403 }, Answer>,
  Fits<Said['CsrfRefusal'], v.InferInput<typeof csrfRefusalSchema>>,
  Fits<Said['Busy'], v.InferInput<typeof busySchema>>,
  Fits<ErrorAnswer, v.InferInput<typeof errorSchema>>,
  // And every answer to a purchase that is no error has a branch of its own.
  Same<Answer['status'], PurchaseOutcome['status']>,
];

type Said = components['schemas'];
type Answer = v.InferInput<typeof purchaseAnswerSchema>;
type Phase = NonNullable<Extract<Answer, { status: 'not_active' }>['phase']>;
type PurchaseOutcome = Said['Purchased' | 'AlreadyPurchased' | 'SoldOut' | 'NotActive'];
type ErrorAnswer = Extract<Said[keyof Said], { error: string }>;

type Fits<From extends To, To> = [From, To];
type Same<One extends Other, Other extends Mutual, Mutual = One> = [One, Other];
