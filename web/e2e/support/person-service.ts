import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the visitor presses in the widget. */
export const PRESSED = 'I am a person';

/** A script with the interface of Turnstile: a button in a place, and a token once it is pressed. */
const SCRIPT = `
  let last = 0;
  const shown = new Map();
  globalThis.turnstile = {
    render(place, { sitekey, callback }) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = ${JSON.stringify(PRESSED)};
      button.addEventListener('click', () => callback(sitekey + '.pressed'));
      place.append(button);
      last += 1;
      shown.set(last, button);
      return last;
    },
    remove: (id) => shown.get(id).remove(),
  };
`;

/** Stands for a service that tells people from programs, on an origin of its own. */
export class PersonService {
  /** Whether it takes the next token for that of a person. */
  says = true;
  /** What it was asked about. */
  readonly asked: string[] = [];

  private constructor(
    readonly directory: string,
    readonly server: HttpServer,
  ) {
    server.on('request', (request, response) => {
      if (request.url === '/widget.js') {
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(SCRIPT);
        return;
      }
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        this.asked.push(body);
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ success: this.says }));
      });
    });
  }

  static async open(): Promise<PersonService> {
    const directory = await mkdtemp(join(tmpdir(), 'flashsale-e2e-service-'));
    await writeFile(join(directory, 'secret'), 'a-secret', { mode: 0o600 });
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new PersonService(directory, server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the server of the sale is told. */
  get settings(): Record<string, string> {
    return {
      BOT_CHECK: 'service',
      BOT_SERVICE_VERIFY_URL: `${this.origin}/siteverify`,
      BOT_SERVICE_SECRET_FILE: join(this.directory, 'secret'),
      BOT_SERVICE_SITE_KEY: 'a-site-key',
      BOT_SERVICE_SCRIPT: `${this.origin}/widget.js`,
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
    await rm(this.directory, { recursive: true, force: true });
  }
}
