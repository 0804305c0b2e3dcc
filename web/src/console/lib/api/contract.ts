import type { components } from './openapi';
import type { Brake, Live, OrdersPage, Sale } from './schemas';

/**
 * Holds the schemas of the console to the server's contract. Nothing runs here: where the two part, the
 * compiler stops at the line that says what should hold.
 */
export type Contract = [
  Same<Sale, Said['Sale']>,
  Same<Live, Said['Live']>,
  Same<OrdersPage, Said['Orders']>,
  Same<Brake, Said['Brake']>,
];

type Said = components['schemas'];
type Same<One extends Other, Other extends Mutual, Mutual = One> = [One, Other];
