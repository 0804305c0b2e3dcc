import { readFileSync } from 'node:fs';

import { cleanup, render, screen, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';

import { operationsOf, readDocument } from './api-document';
import { Docs } from './docs';
import { curlOf, exampleOf } from './examples';
import { typeWords } from './type-words';

/** The committed document, which is the one that the server sends. */
const written: unknown = JSON.parse(readFileSync('../docs/openapi.json', 'utf8'));
const api = readDocument(written);
const operations = api.tags.flatMap(({ name }) => operationsOf(api, name));
const ORIGIN = 'http://127.0.0.1:4000';

afterEach(cleanup);

function curlLines(operationId: string): string[] {
  const operation = operations.find((one) => one.written.operationId === operationId);
  if (operation === undefined) throw new Error(`${operationId} is not there`);
  return curlOf(api, operation, ORIGIN).split('\n');
}

function wordsOf(name: string): string {
  return typeWords(api, { $ref: `#/components/schemas/${name}` });
}

describe('the page', () => {
  it('shows every operation with every answer and every field', () => {
    render(<Docs document={api} origin={ORIGIN} />);
    const paths = Object.values(api.paths).flatMap((methods) => Object.values(methods));
    expect(operations).toHaveLength(paths.length);
    for (const operation of paths) {
      const section = screen.getByRole('region', { name: operation.summary });
      for (const [code, { description }] of Object.entries(operation.responses)) {
        const line = within(section).getByText(code).closest('summary');
        expect(line?.textContent).toBe(`${code}${description.replaceAll('`', '')}`);
      }
      for (const { name } of operation.parameters ?? []) {
        expect(within(section).getAllByText(name)).not.toHaveLength(0);
      }
    }
    expect(screen.getAllByText('retryAfterMs').length).toBeGreaterThan(1);
  });

  it('leads to each operation', () => {
    render(<Docs document={api} origin={ORIGIN} />);
    const links = within(screen.getByRole('navigation')).getAllByRole('link');
    expect(links).toHaveLength(operations.length);
    for (const link of links) {
      const target = link.getAttribute('href')?.slice(1) ?? '';
      expect(document.getElementById(target)).not.toBeNull();
    }
  });

  it('tells both answers of one code apart', () => {
    render(<Docs document={api} origin={ORIGIN} />);
    const purchase = screen.getByRole('region', { name: 'Buy one unit' });
    for (const name of ['NotActive', 'CsrfRefusal']) {
      expect(within(purchase).getByText(name).tagName).toBe('H5');
    }
  });
});

describe('examples', () => {
  it('are made of those of the fields, in their order', () => {
    const schema = { $ref: '#/components/schemas/AlreadyPurchased' };
    expect(Object.entries(exampleOf(api, schema) as object)).toEqual([
      ['status', 'already_purchased'],
      ['orderId', 'afbb44c89da8d70779573b9216720669'],
      ['message', 'This user has an order already.'],
      ['correlationId', '310af4b50f6d92028812bb22a5749146'],
    ]);
  });

  it('have a value for every field', () => {
    for (const schema of Object.values(api.components.schemas)) {
      expect(JSON.stringify(exampleOf(api, schema))).not.toMatch(/"text"|undefined/);
    }
  });
});

describe('curl', () => {
  it('asks as one would by hand', () => {
    expect(curlLines('getStatus')).toEqual([`curl '${ORIGIN}/api/status'`]);
    expect(curlLines('streamEvents')).toEqual([`curl '${ORIGIN}/api/events' \\`, '  --no-buffer']);
    expect(curlLines('lookUpPurchase')).toEqual([
      `curl '${ORIGIN}/api/purchase/ada%40example.com'`,
    ]);
  });

  it('fetches a token before it buys', () => {
    expect(curlLines('purchase')).toEqual([
      `token=$(curl --silent --cookie-jar jar '${ORIGIN}/api/csrf' | cut -d '"' -f 4)`,
      `curl '${ORIGIN}/api/purchase' \\`,
      '  --cookie jar \\',
      '  --header "X-CSRF-Token: $token" \\',
      "  --header 'Content-Type: application/json' \\",
      `  --data '{"userId":"ada@example.com"}'`,
    ]);
  });
});

describe('types', () => {
  it('are told in a few words', () => {
    expect(wordsOf('ClosedPhase')).toBe('"upcoming" | "ended" | "paused"');
    expect(wordsOf('OrderId')).toBe('OrderId: string, ^[0-9a-f]{32}$');
  });
});

it('takes no other version for its own', () => {
  for (const body of [null, 'openapi', {}, { openapi: 3.1 }, { openapi: '3.0.3' }]) {
    expect(() => readDocument(body)).toThrow('OpenAPI');
  }
});
