import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Program, program } from './process';

const READY = /listening on (?<url>http:\/\/\S+)[^]*console {2}(?<console>http:\/\/[^\s,]+)/;

/** The real binary with a data folder of its own, which can be ended and started again in its place. */
export class Server {
  #process: Program | null = null;
  #console = '';
  #url = '';

  /** `settings` are environment variables of the server. */
  constructor(
    readonly directory: string,
    readonly settings: Record<string, string>,
  ) {}

  /** The buyers' address; it stays the same over restarts. */
  get url(): string {
    return this.#url;
  }

  /** The console's address; it stays the same as well. */
  get console(): string {
    return this.#console;
  }

  async start(): Promise<void> {
    const [started, said] = await Program.start({
      program: program('FLASHSALE_BIN', 'the built server'),
      args: ['serve'],
      // The server reads a `.env` of its working directory; this one has none.
      directory: this.directory,
      env: {
        HOST: '127.0.0.1',
        PORT: portOf(this.#url),
        ADMIN_PORT: portOf(this.#console),
        // Whole crowds come from this one address.
        RATE_LIMIT: 'off',
        DATA_DIR: this.#dataDirectory,
        ...this.settings,
      },
      ready: READY,
    });
    this.#process = started;
    this.#url = said.groups?.url ?? '';
    this.#console = said.groups?.console ?? '';
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** What opens the console: it lies in the data folder, where the server has put it. */
  async token(): Promise<string> {
    return (await readFile(this.#tokenFile, 'utf8')).trim();
  }

  /** The next start makes another one. */
  async removeToken(): Promise<void> {
    await rm(this.#tokenFile);
  }

  /** Pulls the emergency brake or lets it go, from behind the counter. */
  async brake(paused: boolean): Promise<void> {
    const token = await this.token();
    const answer = await fetch(`${this.#console}/admin/brake`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ paused }),
    });
    if (!answer.ok) throw new Error(`the brake: ${answer.status} ${await answer.text()}`);
  }

  get #dataDirectory(): string {
    return join(this.directory, 'data');
  }

  get #tokenFile(): string {
    return join(this.#dataDirectory, 'admin-token');
  }
}

/** The port to listen on: any at first, and after that the same again. */
function portOf(url: string): string {
  return url === '' ? '0' : new URL(url).port;
}

/** A server may be built without the page; that is worth a sentence and not fifty timeouts. */
export async function requirePage(url: string): Promise<void> {
  const answer = await fetch(url, { headers: { Accept: 'text/html' } });
  if (!(await answer.text()).includes('<div id="root">')) {
    throw new Error('The server at FLASHSALE_BIN was built without the page: build it with Node.');
  }
}
