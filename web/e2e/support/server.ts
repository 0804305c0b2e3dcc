import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const LOG_CHARS_SHOWN_MAX = 4_000;

export interface SaleSettings {
  stock: number;
  /** As the server's command line takes it, `4s` for example. */
  start: string;
  end?: string;
  productId?: string;
  productDescription?: string;
}

export interface Server {
  url: string;
  stop: () => Promise<void>;
}

/** Starts the real binary on a free port with an empty data directory of its own. */
export async function startServer(settings: SaleSettings): Promise<Server> {
  const binary = serverBinary();
  const directory = await mkdtemp(join(tmpdir(), 'flashsale-e2e-'));
  const child = spawn(binary, ['serve'], {
    // The server reads a `.env` of its working directory; this one has none.
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: join(directory, 'data'),
      PRODUCT_ID: settings.productId ?? 'browser-test',
      PRODUCT_DESCRIPTION: settings.productDescription ?? 'A product to test with',
      SALE_STOCK: String(settings.stock),
      SALE_START: settings.start,
      SALE_END: settings.end ?? '10m',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = await listeningUrl(child);
    await requirePage(url);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function serverBinary(): string {
  const given = process.env.FLASHSALE_BIN;
  if (given === undefined || given === '') {
    throw new Error('Set FLASHSALE_BIN to the path of the built server to run the browser test.');
  }
  const binary = resolve(given);
  if (!existsSync(binary)) throw new Error(`FLASHSALE_BIN names no file: ${binary}`);
  return binary;
}

/** A server may be built without the page; that is worth a sentence and not eight timeouts. */
async function requirePage(url: string) {
  const answer = await fetch(url, { headers: { Accept: 'text/html' } });
  if (!(await answer.text()).includes('<div id="root">')) {
    throw new Error('The server at FLASHSALE_BIN was built without the page: build it with Node.');
  }
}

function listeningUrl(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let output = '';
    let log = '';
    const fail = (why: string) =>
      failed(new Error(`${why}\n${output}${log.slice(-LOG_CHARS_SHOWN_MAX)}`));
    const timer = setTimeout(
      () => fail(`The server did not say within ${START_MS_MAX} ms where it listens.`),
      START_MS_MAX,
    );
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const url = /listening on (http:\/\/\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      found(url);
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-LOG_CHARS_SHOWN_MAX);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      fail(`The server could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`The server ended with ${signal ?? `exit code ${code}`} before it listened.`);
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolved) => child.once('exit', resolved));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await ended;
  clearTimeout(timer);
}
