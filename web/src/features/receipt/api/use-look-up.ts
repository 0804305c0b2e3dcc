import { useMutation } from '@tanstack/react-query';

import { ApiError, type Failure } from '@/lib/api/answers';
import { getOrderOf } from '@/lib/api/client';

export type LookUpResult =
  | { kind: 'found'; userId: string; orderId: string }
  | { kind: 'not_found'; userId: string }
  | { kind: 'failed'; failure: Failure };

export interface LookUp {
  result: LookUpResult | null;
  asking: boolean;
  ask: (userId: string) => void;
  reset: () => void;
}

/** Asks the shop's books for one person. Each press asks anew: the answer may have changed. */
export function useLookUp(onAnswer: (userId: string, orderId: string | null) => void): LookUp {
  const { data, isPending, mutate, reset } = useMutation({
    mutationFn: ask,
    networkMode: 'always',
    onSuccess: (result) => {
      if (result.kind === 'found') onAnswer(result.userId, result.orderId);
      if (result.kind === 'not_found') onAnswer(result.userId, null);
    },
  });
  return { result: data ?? null, asking: isPending, ask: mutate, reset };
}

async function ask(userId: string): Promise<LookUpResult> {
  try {
    const { orderId } = await getOrderOf(userId);
    return orderId === null ? { kind: 'not_found', userId } : { kind: 'found', userId, orderId };
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'failed', failure: error.failure };
    throw error;
  }
}
