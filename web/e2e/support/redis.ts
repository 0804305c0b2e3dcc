import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Program, program } from './process';

/** What Redis keeps: nothing on the disk, or each order before it is confirmed. */
export type Durability = 'memory' | 'fsync';

/** A Redis of its own for one sale, on a port and in a folder of its own. */
export class Redis {
  #process: Program;
  readonly #again: () => Promise<Program>;

  private constructor(
    started: Program,
    again: () => Promise<Program>,
    readonly port: number,
    readonly durability: Durability,
  ) {
    this.#process = started;
    this.#again = again;
  }

  static async start(parent: string, durability: Durability): Promise<Redis> {
    const directory = join(parent, 'redis');
    await mkdir(directory);
    const port = await freePort();
    const configuration = {
      bind: '127.0.0.1',
      port: String(port),
      save: '',
      appendonly: durability === 'fsync' ? 'yes' : 'no',
      appendfsync: 'always',
    };
    const again = async () => {
      const [started] = await Program.start({
        program: program('REDIS_SERVER', 'redis-server', '/usr/bin/redis-server'),
        args: Object.entries(configuration).flatMap(([name, value]) => [`--${name}`, value]),
        directory,
        ready: /Ready to accept connections/,
      });
      return started;
    };
    return new Redis(await again(), again, port, durability);
  }

  /** The settings of a server that keeps its ledger here. */
  get settings(): Record<string, string> {
    return {
      REDIS_URL: `redis://127.0.0.1:${this.port}`,
      REDIS_DURABILITY: this.durability,
    };
  }

  freeze(): void {
    this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Starts it again on the same port and files. */
  async restart(): Promise<void> {
    this.#process = await this.#again();
  }
}

/** Redis takes no port 0, so one is drawn, and is free as long as nobody else draws it now. */
function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) found(address.port);
        else failed(new Error('The system gave no port.'));
      });
    });
  });
}
