import { afterEach, expect, test, vi } from 'vitest';

import { askWidget } from './widget';

type Options = Record<string, (told?: string) => void>;

afterEach(() => document.head.replaceChildren());

/** Asks a service whose script is there at once, and shows its widget under this name. */
async function ask(name: unknown) {
  const shown: Options[] = [];
  const remove = vi.fn();
  const render = (_place: HTMLElement, options: Options) => {
    shown.push(options);
    return name;
  };
  vi.stubGlobal('turnstile', { render, remove });
  const place = document.createElement('div');
  // Each test has a script of its own: one that came is not loaded again.
  const of = {
    script: `https://service.example/${expect.getState().currentTestName}`,
    siteKey: 'k',
  };
  vi.spyOn(document.head, 'append').mockImplementation((script) => {
    queueMicrotask(() => (script as HTMLElement).dispatchEvent(new Event('load')));
  });
  const answer = askWidget(of, place, new AbortController().signal);
  await vi.waitFor(() => expect(shown).toHaveLength(1));
  return { answer, tell: (what: string, told?: string) => shown[0]?.[what]?.(told), remove, place };
}

test('the token of the service is the answer, and the widget goes', async () => {
  const { answer, tell, remove, place } = await ask('widget-1');
  tell('callback', 'a token');
  expect(await answer).toEqual({ token: 'a token' });
  expect(remove).toHaveBeenCalledExactlyOnceWith('widget-1');
  expect(place.childElementCount).toBe(0);
});

test.each(['error', 'expired', 'timeout', 'unsupported'])('%s is no pass', async (what) => {
  const { answer, tell } = await ask('widget-1');
  tell(`${what}-callback`);
  expect(await answer).toEqual({ trouble: 'check_failed' });
});

test.each([undefined, null, false])('a widget that is not shown (%s) is no pass', async (name) => {
  const { answer, remove } = await ask(name);
  expect(await answer).toEqual({ trouble: 'check_failed' });
  expect(remove).not.toHaveBeenCalled();
});
