import type { SaleStatus } from '@/lib/api/schemas';

/** What the window and the stock say, and `paused` while it is open and the shop has stopped it. */
export type SalePhase = SaleStatus['status'] | 'paused';

const STATUS_ORDER: Record<SaleStatus['status'], number> = {
  upcoming: 0,
  active: 1,
  sold_out: 2,
  ended: 3,
};

/**
 * The phase now: what the server said last, moved on by its clock, so that the button opens at the
 * start and not at the first news after it.
 */
export function phaseAt(status: SaleStatus, serverNowMs: number): SalePhase {
  const { status: said, startsAt, endsAt, paused } = status;
  if (said === 'sold_out' || said === 'ended') return said;
  if (serverNowMs >= endsAt) return 'ended';
  if (said === 'upcoming' && serverNowMs < startsAt) return 'upcoming';
  return paused ? 'paused' : 'active';
}

/** The moment to count down to, if the phase can still change by time alone. */
export function nextMoment(status: SaleStatus, phase: SalePhase): number | null {
  switch (phase) {
    case 'upcoming':
      return status.startsAt;
    case 'active':
    case 'paused':
      return status.endsAt;
    case 'sold_out':
    case 'ended':
      return null;
  }
}

/**
 * What is known of the sale once news has come. Caches, and nodes that lag behind, may send an older
 * picture after a newer one. Units sold never fall and the status never goes back, so of these the
 * facts themselves tell which is newer. The brake and the node's health may change both ways; of
 * these the later server time counts.
 */
export function newerStatus(known: SaleStatus | null, received: SaleStatus): SaleStatus {
  if (known === null || saleKeyOf(known) !== saleKeyOf(received)) return received;
  const later = received.serverTime >= known.serverTime ? received : known;
  const moreSold = received.sold >= known.sold ? received : known;
  const further = STATUS_ORDER[received.status] >= STATUS_ORDER[known.status] ? received : known;
  return { ...later, sold: moreSold.sold, stock: moreSold.stock, status: further.status };
}

/** Names a sale in this browser's memory: the same product may be sold again another day. */
export function saleKeyOf(status: SaleStatus): string {
  return `${status.productId}@${status.startsAt}`;
}
