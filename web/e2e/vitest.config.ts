import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

/** The browser test: the real binary, a real Chromium, nothing in between. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vite-e2e', import.meta.url)),
  test: {
    include: ['**/*.test.ts'],
    testTimeout: 40_000,
    hookTimeout: 40_000,
    // A failure must be looked into, not tried again until it is gone.
    retry: 0,
    fileParallelism: false,
  },
});
