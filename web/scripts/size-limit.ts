import { brotliCompressSync } from 'node:zlib';

import type { Plugin, Rollup } from 'vite';

/** What a visitor may have to load in JavaScript, in thousands of bytes, compressed by Brotli. */
const SCRIPT_KB_MAX = 80;

const PAGE = 'index.html';

/** Of these chunks a visitor loads one: each is a language. */
const LANGUAGE = /\/src\/lib\/messages\/[a-z]{2}\.ts$/;

/** Of these parts one is loaded where there is a check before the sale: they do its work, or show its widget. */
const CHECK = /^assets\/(?:prove\.worker|widget)-/;

/**
 * Fails the build when the buyers' page has grown too heavy: its entry, all that comes with it, the
 * largest of the languages, and the largest part for a check before the sale. On a bad network each kilobyte is a later chance to press the button.
 */
export function sizeLimit(): Plugin {
  return {
    name: 'size-limit',
    apply: 'build',
    // What other plugins still change is counted as well.
    enforce: 'post',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((part) => part.type === 'chunk');
      const entry = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(`/${PAGE}`));
      if (entry === undefined) this.error(`${PAGE} has no chunk to weigh.`);
      const languages = chunks.filter(({ facadeModuleId }) => LANGUAGE.test(facadeModuleId ?? ''));
      if (languages.length === 0) this.error('There is no language in a chunk of its own.');
      const checks = Object.values(bundle).filter(({ fileName }) => CHECK.test(fileName));
      if (checks.length !== 2) this.error('The two parts for a check are not where they were.');
      const withIt = [...withImports(entry, bundle)];
      const bytes =
        sum(withIt.map(brotliBytes)) +
        Math.max(...languages.filter((chunk) => !withIt.includes(chunk)).map(brotliBytes)) +
        Math.max(...checks.map(brotliBytes));
      const told = `${PAGE} loads ${(bytes / 1000).toFixed(1)} kB of JavaScript (Brotli)`;
      if (bytes > SCRIPT_KB_MAX * 1000) this.error(`${told}; ${SCRIPT_KB_MAX} kB are allowed.`);
      this.info(`${told}, of ${SCRIPT_KB_MAX} kB that are allowed.`);
    },
  };
}

/** A chunk and all those that the browser loads before it can run. */
function withImports(
  entry: Rollup.OutputChunk,
  bundle: Rollup.OutputBundle,
  found = new Set<Rollup.OutputChunk>(),
): Set<Rollup.OutputChunk> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const name of entry.imports) {
    const part = bundle[name];
    if (part?.type === 'chunk') withImports(part, bundle, found);
  }
  return found;
}

function brotliBytes(part: Rollup.OutputChunk | Rollup.OutputAsset): number {
  return brotliCompressSync(part.type === 'chunk' ? part.code : part.source).length;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
