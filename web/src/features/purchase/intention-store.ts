import * as v from 'valibot';

import { randomHex } from '@/lib/random-hex';
import { readStored, removeStored, writeStored } from '@/lib/storage';

const STORAGE_KEY = 'intention';
const KEY_BYTES = 16;

/**
 * One wish to buy: this person, in this sale. Its key goes out with every try, over retries and
 * reloads, so that the server knows them for the same wish, until the sale has answered.
 */
export interface Intention {
  saleKey: string;
  userId: string;
  idempotencyKey: string;
}

const intentionSchema = v.object({
  saleKey: v.string(),
  userId: v.string(),
  idempotencyKey: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
});

export interface IntentionStore {
  /** The intention that still waits for its answer in this sale, if there is one. */
  unanswered: (saleKey: string) => Intention | null;
  /** The unanswered intention of the same person, or else a new one in its place. */
  open: (saleKey: string, userId: string) => Intention;
  /** Forgets an intention that the sale has answered. */
  close: (intention: Intention) => void;
}

export function createIntentionStore(): IntentionStore {
  return {
    unanswered,
    open: (saleKey, userId) => {
      const stored = unanswered(saleKey);
      if (stored?.userId === userId) return stored;
      const opened = { saleKey, userId, idempotencyKey: randomHex(KEY_BYTES) };
      writeStored(STORAGE_KEY, opened);
      return opened;
    },
    close: (intention) => {
      // Another tab may have opened its own in the meantime; that one is not ours to forget.
      const stored = readStored(STORAGE_KEY, intentionSchema);
      if (stored?.idempotencyKey === intention.idempotencyKey) removeStored(STORAGE_KEY);
    },
  };
}

function unanswered(saleKey: string): Intention | null {
  const stored = readStored(STORAGE_KEY, intentionSchema);
  return stored?.saleKey === saleKey ? stored : null;
}
