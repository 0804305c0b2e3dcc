import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';

/** What gets smaller. Pictures and fonts are compressed by their nature. */
const TEXT = /\.(?:css|html|js|json|svg|txt|webmanifest)$/;

/**
 * Writes `.br` and `.gz` beside every text that they make smaller, as hard as they can: the server
 * hands them out as they are, and packs nothing while a sale is on.
 */
export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }) {
      folder = dir ?? '';
    },
    // By now all is written, the pages and what Vite has copied.
    closeBundle() {
      if (folder === '') return;
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (TEXT.test(name)) compress(join(folder, name));
      }
    },
  };
}

function compress(path: string): void {
  const text = readFileSync(path);
  const brotli = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  const gzip = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
  if (brotli.length < text.length) writeFileSync(`${path}.br`, brotli);
  if (gzip.length < text.length) writeFileSync(`${path}.gz`, gzip);
}
