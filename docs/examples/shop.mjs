// A shop's back end that tells flashsale who buys: it signs its customers in, and hands each a token that
// names him. It needs Node.js 20 and nothing else.
//
//   flashsale token keys --output keys
//   node docs/examples/shop.mjs keys/private.pem
//
// docs/identity.md says what a token must hold, and how the server is told of the key.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const AUDIENCE = 'flashsale'; // TOKEN_AUDIENCE of the server
const ISSUER = 'https://shop.example'; // TOKEN_ISSUER of the server
const COOKIE = 'shopToken'; // TOKEN_COOKIE of the server
const SECONDS = 15 * 60;

const key = createPrivateKey(readFileSync(process.argv[2]));
const [algorithm, signatureOf] = {
  ed25519: ['EdDSA', (message) => sign(null, message, key)],
  ec: ['ES256', (message) => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })],
  rsa: ['RS256', (message) => sign('sha256', message, key)],
}[key.asymmetricKeyType];

/** The name of the key: its thumbprint (RFC 7638), as `flashsale token keys` writes it. */
function keyId() {
  const { crv, e, kty, n, x, y } = createPublicKey(key).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}

const head = { alg: algorithm, typ: 'JWT', kid: keyId() };

function tokenFor(userId) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: userId, aud: AUDIENCE, iss: ISSUER, iat: now, exp: now + SECONDS };
  const base64 = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const message = `${base64(head)}.${base64(claims)}`;
  return `${message}.${signatureOf(Buffer.from(message)).toString('base64url')}`;
}

/** Stands for how your shop knows its customers: its session, never what the browser says of itself. */
function customerOf(request) {
  const [, session] = /(?:^|; )session=([^;]*)/.exec(request.headers.cookie ?? '') ?? [];
  return { 'of-ada': 'ada@example.com', 'of-grace': 'grace@example.com' }[session];
}

// `POST /sale-token`: the page of the sale asks for it before the sale, and again when it has expired.
const server = createServer((request, response) => {
  const userId = customerOf(request);
  if (request.method !== 'POST' || request.url !== '/sale-token') {
    response.writeHead(404).end();
  } else if (userId === undefined) {
    response.writeHead(401).end();
  } else {
    const secure = process.env.SECURE_COOKIES === 'false' ? '' : '; Secure';
    const cookie = `${COOKIE}=${tokenFor(userId)}; Path=/; Max-Age=${SECONDS}; HttpOnly; SameSite=Lax`;
    response.writeHead(204, { 'Set-Cookie': cookie + secure, 'Cache-Control': 'no-store' }).end();
  }
});
server.listen(Number(process.env.PORT ?? 4200), '127.0.0.1', () => {
  console.log(`the shop is listening on http://127.0.0.1:${server.address().port}`);
});
