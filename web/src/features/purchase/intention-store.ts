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

const storedSchema = v.object({
  saleKey: v.string(),
  userId: v.string(),
  idempotencyKey: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** The buyer told the page to stop trying, so a later visit does not begin again by itself. */
  stopped: v.optional(v.boolean(), false),
});

export interface UnansweredIntention {
  intention: Intention;
  stopped: boolean;
}

export interface IntentionStore {
  /** The intention that still waits for its answer in this sale, if there is one. */
  unanswered: (saleKey: string) => UnansweredIntention | null;
  /** The unanswered intention of the same person, or else a new one in its place. */
  open: (saleKey: string, userId: string) => Intention;
  /** Remembers that the buyer stopped the tries. */
  stop: (intention: Intention) => void;
  /** Forgets an intention that the sale has answered. */
  close: (intention: Intention) => void;
}

export function createIntentionStore(): IntentionStore {
  return {
    unanswered,
    open: (saleKey, userId) => {
      const stored = unanswered(saleKey)?.intention;
      const opened =
        stored?.userId === userId
          ? stored
          : { saleKey, userId, idempotencyKey: randomHex(KEY_BYTES) };
      writeStored(STORAGE_KEY, opened);
      return opened;
    },
    stop: (intention) => {
      if (isStored(intention)) writeStored(STORAGE_KEY, { ...intention, stopped: true });
    },
    close: (intention) => {
      if (isStored(intention)) removeStored(STORAGE_KEY);
    },
  };
}

function unanswered(saleKey: string): UnansweredIntention | null {
  const stored = readStored(STORAGE_KEY, storedSchema);
  if (stored?.saleKey !== saleKey) return null;
  const { stopped, ...intention } = stored;
  return { intention, stopped };
}

/** Another tab may have opened its own in the meantime; that one is not ours to change. */
function isStored({ idempotencyKey }: Intention): boolean {
  return readStored(STORAGE_KEY, storedSchema)?.idempotencyKey === idempotencyKey;
}
