import type { SaleStatus } from '@/lib/api/schemas';

export type SalePhase = SaleStatus['status'];

const PHASE_ORDER: Record<SalePhase, number> = { upcoming: 0, active: 1, sold_out: 2, ended: 3 };

/**
 * The phase now: what the server said last, moved on by its clock, so that the button opens at the
 * start and not at the first poll after it.
 */
export function phaseAt(status: SaleStatus, serverNowMs: number): SalePhase {
  const { status: said, startsAt, endsAt } = status;
  if (said === 'sold_out' || said === 'ended') return said;
  if (serverNowMs >= endsAt) return 'ended';
  return serverNowMs >= startsAt ? 'active' : said;
}

/** The moment to count down to, if the phase can still change by time alone. */
export function nextMoment(status: SaleStatus, phase: SalePhase): number | null {
  switch (phase) {
    case 'upcoming':
      return status.startsAt;
    case 'active':
      return status.endsAt;
    case 'sold_out':
    case 'ended':
      return null;
  }
}

/**
 * The newer of two pictures of the sale. Caches may answer with an older one after a newer one; as
 * units sold never fall and phases never go back, the facts themselves tell which is which.
 */
export function newerStatus(known: SaleStatus | undefined, received: SaleStatus): SaleStatus {
  if (known === undefined || saleKeyOf(known) !== saleKeyOf(received)) return received;
  const goesBack =
    received.sold < known.sold || PHASE_ORDER[received.status] < PHASE_ORDER[known.status];
  return goesBack ? known : received;
}

/** Names a sale in this browser's memory: the same product may be sold again another day. */
export function saleKeyOf(status: SaleStatus): string {
  return `${status.productId}@${status.startsAt}`;
}
