import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Visitor } from './visitor';

const AUDIENCE = 'flashsale';
const COOKIE = 'shopToken';
const HOUR_S = 3_600;

const base64 = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The shop that knows its customers: it signs whoever comes in as the same one, and leads them back. */
export class SignIn {
  /** Where the way back leads. */
  back = '/';
  /** Whom it signs in. */
  customer = 'ada@example.com';
  readonly #key: KeyObject;

  private constructor(
    readonly directory: string,
    readonly keys: string,
    readonly server: HttpServer,
    key: KeyObject,
  ) {
    this.#key = key;
    server.on('request', (_request, response) => {
      const cookie = `${COOKIE}=${this.token()}; Path=/; HttpOnly; SameSite=Lax`;
      response.writeHead(303, { Location: this.back, 'Set-Cookie': cookie }).end();
    });
  }

  static async open(): Promise<SignIn> {
    const directory = await mkdtemp(join(tmpdir(), 'flashsale-e2e-shop-'));
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const keys = join(directory, 'keys.pem');
    await writeFile(keys, publicKey.export({ type: 'spki', format: 'pem' }));
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new SignIn(directory, keys, server, privateKey);
  }

  /** The same host as the sale's, so that the cookie goes to both; another port, so another origin. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the server of the sale is told. */
  get settings(): Record<string, string> {
    return {
      IDENTITY: 'token',
      TOKEN_KEYS: this.keys,
      TOKEN_ALGORITHMS: 'EdDSA',
      TOKEN_AUDIENCE: AUDIENCE,
      TOKEN_COOKIE: COOKIE,
      SHOP_NAME: 'Alba',
      SHOP_SIGN_IN_URL: `${this.origin}/sign-in`,
    };
  }

  /** A token of the customer; one that ends before now is expired. */
  token(secondsLeft = HOUR_S): string {
    const exp = Math.floor(Date.now() / 1_000) + secondsLeft;
    const claims = { sub: this.customer, aud: AUDIENCE, exp };
    const message = `${base64({ alg: 'EdDSA', typ: 'JWT' })}.${base64(claims)}`;
    return `${message}.${sign(null, Buffer.from(message), this.#key).toString('base64url')}`;
  }

  /** Puts a token into somebody's browser, as if they had been at the shop. */
  async give({ context }: Visitor, secondsLeft?: number): Promise<void> {
    const value = this.token(secondsLeft);
    await context.addCookies([
      { name: COOKIE, value, url: this.origin, httpOnly: true, sameSite: 'Lax' },
    ]);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
    await rm(this.directory, { recursive: true, force: true });
  }
}
