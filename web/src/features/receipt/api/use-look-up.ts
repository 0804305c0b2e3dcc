import { useCallback, useRef, useState } from 'react';

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

interface Listeners {
  onAnswer: (userId: string, orderId: string | null) => void;
  onFailure?: (failure: Failure) => void;
}

/** Asks the shop's books for one person. Each press asks anew: the answer may have changed. */
export function useLookUp({ onAnswer, onFailure }: Listeners): LookUp {
  const [result, setResult] = useState<LookUpResult | null>(null);
  const [asking, setAsking] = useState(false);
  /** Counts the questions: an answer to an earlier one comes too late. */
  const turn = useRef(0);

  const reset = useCallback(() => {
    turn.current += 1;
    setResult(null);
    setAsking(false);
  }, []);

  const ask = async (userId: string) => {
    reset();
    const mine = turn.current;
    setAsking(true);
    const answer = await lookUp(userId);
    if (answer.kind === 'found') onAnswer(userId, answer.orderId);
    if (answer.kind === 'not_found') onAnswer(userId, null);
    if (answer.kind === 'failed') onFailure?.(answer.failure);
    if (turn.current !== mine) return;
    setResult(answer);
    setAsking(false);
  };

  return { result, asking, ask: (userId) => void ask(userId), reset };
}

async function lookUp(userId: string): Promise<LookUpResult> {
  try {
    const { orderId } = await getOrderOf(userId);
    return orderId === null ? { kind: 'not_found', userId } : { kind: 'found', userId, orderId };
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'failed', failure: error.failure };
    console.error(error);
    return { kind: 'failed', failure: { kind: 'unreadable', correlationId: null } };
  }
}
