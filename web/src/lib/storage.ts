import * as v from 'valibot';

const KEY_PREFIX = 'flashsale.';

/** What the browser refused to store (a private window, a full disk), kept for this tab's life. */
const memory = new Map<string, string>();

/** Reads a stored value; one that is absent, damaged or of an older shape is `null`. */
export function readStored<const Schema extends v.GenericSchema>(
  key: string,
  schema: Schema,
): v.InferOutput<Schema> | null {
  try {
    const text = memory.get(KEY_PREFIX + key) ?? localStorage.getItem(KEY_PREFIX + key);
    if (text === null) return null;
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(KEY_PREFIX + key, text);
    memory.delete(KEY_PREFIX + key);
  } catch {
    // Full or forbidden storage must not stand between a buyer and the purchase.
    memory.set(KEY_PREFIX + key, text);
  }
}

/** Tells when another tab of this browser has changed a stored value. */
export function watchStored(key: string, listener: () => void): () => void {
  const onStorage = (event: StorageEvent) => {
    // Without a key the other tab has cleared everything.
    if (event.key === null || event.key === KEY_PREFIX + key) listener();
  };
  window.addEventListener('storage', onStorage);
  return () => window.removeEventListener('storage', onStorage);
}

export function removeStored(key: string): void {
  memory.delete(KEY_PREFIX + key);
  try {
    localStorage.removeItem(KEY_PREFIX + key);
  } catch {
    // As above: nothing was stored that could be removed.
  }
}
