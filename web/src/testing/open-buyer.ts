import { vi } from 'vitest';

import { createIntentionStore } from '@/features/purchase/intention-store';
import { createPurchaseFlow } from '@/features/purchase/purchase-flow';
import type { PurchaseAnswer } from '@/lib/api/answers';
import type { PurchaseRequest } from '@/lib/api/client';
import { createCsrfTokens } from '@/lib/api/csrf-tokens';

/**
 * A page that buys, before a shop that gives these answers one after the other. Everything in it is
 * new, and only what was stored is left of the one before.
 */
export function openBuyer(
  answers: (PurchaseAnswer | Promise<PurchaseAnswer>)[],
  msToStart = -60_000,
) {
  const sent: PurchaseRequest[] = [];
  const fetchToken = vi.fn(async () => 'fetched');
  const onOrder = vi.fn();
  const pass = vi.fn(async () => {});
  const onAnswer = vi.fn();
  let online = true;
  const connectionListeners = new Set<() => void>();
  const flow = createPurchaseFlow({
    csrfTokens: createCsrfTokens(fetchToken),
    intentions: createIntentionStore(),
    connection: {
      isOnline: () => online,
      subscribe: (listener) => {
        connectionListeners.add(listener);
        return () => connectionListeners.delete(listener);
      },
    },
    pass,
    post: async (request) => {
      sent.push(request);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('one request too many');
      return answer;
    },
    onOrder,
    onAnswer,
    msToStart: () => msToStart,
    random: () => 0,
  });
  const buy = async (userId = 'ada', saleKey = 'sale') => {
    flow.buy(saleKey, userId);
    await vi.advanceTimersByTimeAsync(0);
  };
  const connect = (next: boolean) => {
    online = next;
    for (const listener of connectionListeners) listener();
  };
  return { flow, sent, fetchToken, pass, onOrder, onAnswer, buy, connect };
}
