// Takes the pictures of the documentation: `npm run screenshots -- DIRECTORY`.
// Node 20 runs no TypeScript, so Vite loads the script that does the work.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error(
    'Name the directory that shall take the pictures: npm run screenshots -- DIRECTORY',
  );
  process.exit(2);
}

const script = fileURLToPath(new URL('./support/screenshots.ts', import.meta.url));
const { module } = await runnerImport(script);
await module.takeScreenshots(resolve(directory));
