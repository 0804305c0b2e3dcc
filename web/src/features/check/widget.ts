/** What Turnstile and hCaptcha have in common. */
interface WidgetApi {
  render: (place: HTMLElement, options: Record<string, unknown>) => unknown;
  remove: (id: unknown) => void;
}

/** A token, which the server asks the service about, or why there is none. */
export type WidgetAnswer = { token: string } | { trouble: 'check_failed' | 'check_unavailable' };

/** The names under which scripts of such services put their interface. */
const NAMES = ['turnstile', 'hcaptcha'] as const;

/** A script may be there before its interface is: it is looked for so often, for so long. */
const LOOK_MS = 50;
const LOOKS_MAX = 100;

/** Each script is loaded once, however many ask for it. */
const loading = new Map<string, Promise<WidgetApi>>();

/** Shows the service's widget in its place until that answers, or the signal ends it. */
export async function askWidget(
  { script, siteKey }: { script: string; siteKey: string },
  place: HTMLElement,
  signal: AbortSignal,
): Promise<WidgetAnswer> {
  const api = await apiOf(script).catch(() => null);
  signal.throwIfAborted();
  if (api === null) return { trouble: 'check_unavailable' };
  const box = document.createElement('div');
  place.append(box);
  const shown = new AbortController();
  let id: unknown;
  try {
    return await new Promise<WidgetAnswer>((answer, ended) => {
      signal.addEventListener('abort', () => ended(signal.reason), { signal: shown.signal });
      const fail = () => answer({ trouble: 'check_failed' });
      id = api.render(box, {
        sitekey: siteKey,
        callback: (token: string) => answer({ token }),
        'error-callback': fail,
        'expired-callback': fail,
        'timeout-callback': fail,
        'unsupported-callback': fail,
      });
      if (!isShown(id)) fail();
    });
  } finally {
    shown.abort();
    if (isShown(id)) api.remove(id);
    box.remove();
  }
}

/** A script that shows nothing names nothing: hCaptcha counts from 0, so that is a name. */
function isShown(id: unknown): boolean {
  return typeof id === 'string' || typeof id === 'number';
}

function apiOf(script: string): Promise<WidgetApi> {
  const known = loading.get(script);
  if (known !== undefined) return known;
  const loaded = load(script);
  loading.set(script, loaded);
  // A failure must not be remembered: the network may be back at the next try.
  loaded.catch(() => loading.delete(script));
  return loaded;
}

async function load(source: string): Promise<WidgetApi> {
  const script = document.createElement('script');
  script.src = source;
  try {
    await new Promise((loaded, failed) => {
      script.addEventListener('load', loaded);
      script.addEventListener('error', failed);
      document.head.append(script);
    });
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const api = found();
      if (api !== null) return api;
      // Each look waits for the one before it.
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error('the script of the check brings no widget');
  } catch (error) {
    script.remove();
    throw error;
  }
}

function found(): WidgetApi | null {
  const names = globalThis as unknown as Record<string, WidgetApi | undefined>;
  return NAMES.map((name) => names[name]).find((api) => api !== undefined) ?? null;
}
