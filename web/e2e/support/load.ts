import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { program } from './process';

const LOAD_MS_MAX = 90_000;

/** Lets a crowd buy, with the server's own load tester; the options are those of its command line. */
export async function load(url: string, options: Record<string, string | number>): Promise<void> {
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  await promisify(execFile)(
    program('FLASHSALE_BIN', 'the built server'),
    ['loadtest', '--url', url, '--no-check', '--quiet', ...given],
    { timeout: LOAD_MS_MAX, killSignal: 'SIGKILL' },
  );
}
