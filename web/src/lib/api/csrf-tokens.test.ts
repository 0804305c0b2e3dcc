import { expect, test, vi } from 'vitest';

import { createCsrfTokens } from './csrf-tokens';

test('the token is fetched once for all who ask', async () => {
  const fetchToken = vi.fn(async () => 'first');
  const tokens = createCsrfTokens(fetchToken);
  expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['first', 'first']);
  expect(await tokens.get()).toBe('first');
  expect(fetchToken).toHaveBeenCalledOnce();
});

test('a failed fetch is not remembered', async () => {
  const fetchToken = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(new Error('gone'))
    .mockResolvedValueOnce('second');
  const tokens = createCsrfTokens(fetchToken);
  await expect(tokens.get()).rejects.toThrow('gone');
  expect(await tokens.get()).toBe('second');
});

test('a fresh token replaces the old one, and a forgotten one is fetched anew', async () => {
  const fetchToken = vi.fn(async () => 'fetched');
  const tokens = createCsrfTokens(fetchToken);
  tokens.renew('fresh');
  expect(await tokens.get()).toBe('fresh');
  expect(fetchToken).not.toHaveBeenCalled();
  tokens.forget();
  expect(await tokens.get()).toBe('fetched');
});
