import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { leanImports } from './scripts/lean-imports.ts';
import { precompress } from './scripts/precompress.ts';
import { sizeLimit } from './scripts/size-limit.ts';
import { squeeze } from './scripts/squeeze.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), leanImports(), squeeze(), sizeLimit(), precompress()],
  resolve: {
    alias: { '@': here('./src') },
  },
  server: {
    // A page talks to its own origin only; in development that is Vite, which hands on what only a
    // server has.
    proxy: {
      '/api': 'http://127.0.0.1:4000',
      '/shop': 'http://127.0.0.1:4000',
      '/admin': 'http://127.0.0.1:4001',
    },
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Nothing may be inlined as a `data:` URL: the server's policy allows its own origin alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // `--outDir` usually lies outside this folder, where Vite would not empty it by itself.
    emptyOutDir: true,
    rollupOptions: {
      // What more than one page needs lies in one file: together it is packed better.
      output: {
        codeSplitting: { groups: [{ name: 'shared', minShareCount: 2, test: /\.m?[jt]sx?$/ }] },
      },
      input: {
        index: here('./index.html'),
        api: here('./api.html'),
        console: here('./console.html'),
      },
    },
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}'],
    environment: 'happy-dom',
    restoreMocks: true,
    unstubGlobals: true,
  },
});
