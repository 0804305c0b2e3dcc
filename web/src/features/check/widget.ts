import { CheckError } from '@/lib/api/check-client';

/** What Turnstile and hCaptcha have in common. */
interface WidgetApi {
  render: (place: HTMLElement, options: Record<string, unknown>) => unknown;
  remove: (id: unknown) => void;
}

/** The names under which scripts of such services put it. */
const NAMES = ['turnstile', 'hcaptcha'] as const;

/** A script may be there before its interface is: it is looked for so often, for so long. */
const LOOK_MS = 50;
const LOOKS_MAX = 100;

const FAILED = { kind: 'check_failed', correlationId: null } as const;
const UNAVAILABLE = {
  kind: 'check_unavailable',
  retryAfterMs: 5_000,
  correlationId: null,
} as const;

/** Each script is loaded once, however many ask for it. */
const loading = new Map<string, Promise<WidgetApi>>();

/** Shows the service's widget in its place until it gives a token, which the server asks the service about. */
export async function askWidget(
  { script, siteKey }: { script: string; siteKey: string },
  place: HTMLElement,
  signal: AbortSignal,
): Promise<string> {
  const api = await apiOf(script);
  signal.throwIfAborted();
  const box = document.createElement('div');
  place.append(box);
  let id: unknown;
  let stop: (() => void) | undefined;
  try {
    return await new Promise<string>((given, failed) => {
      const fail = () => failed(new CheckError(FAILED));
      stop = () => failed(signal.reason);
      signal.addEventListener('abort', stop);
      id = api.render(box, {
        sitekey: siteKey,
        callback: given,
        'error-callback': fail,
        'expired-callback': fail,
      });
    });
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
    if (id !== undefined) api.remove(id);
    box.remove();
  }
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
  script.async = true;
  await new Promise((resolve, reject) => {
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => {
      script.remove();
      reject(new CheckError(UNAVAILABLE));
    });
    document.head.append(script);
  });
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const api = found();
    if (api !== null) return api;
    // Each look waits for the one before it.
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  script.remove();
  throw new CheckError(UNAVAILABLE);
}

function found(): WidgetApi | null {
  const names = globalThis as unknown as Record<string, WidgetApi | undefined>;
  return NAMES.map((name) => names[name]).find((api) => api !== undefined) ?? null;
}
