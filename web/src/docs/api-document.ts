/** The part of OpenAPI 3.1 that the server's document uses. */

export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  minimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  pattern?: string;
  example?: unknown;
}

interface Parameter {
  name: string;
  in: 'header' | 'path' | 'query' | 'cookie';
  description?: string;
  required?: boolean;
  schema: Schema;
}

interface Header {
  description?: string;
  schema: Schema;
}

type Content = Record<string, { schema: Schema }>;

interface Answer {
  description: string;
  headers?: Record<string, Header>;
  content?: Content;
}

export interface WrittenOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { description?: string; content: Content };
  responses: Record<string, Answer>;
  security?: Record<string, string[]>[];
}

export interface ApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, WrittenOperation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation {
  method: string;
  path: string;
  written: WrittenOperation;
}

/** What the server has sent, if it is a document of the version that this page reads. */
export function readDocument(body: unknown): ApiDocument {
  if (!isDocument(body)) throw new Error('this is no OpenAPI document of version 3.1');
  return body;
}

// It comes from the server that this page is built into, so its version tells enough.
function isDocument(body: unknown): body is ApiDocument {
  return (
    typeof body === 'object' &&
    body !== null &&
    'openapi' in body &&
    typeof body.openapi === 'string' &&
    body.openapi.startsWith('3.1.')
  );
}

/** The operations under each tag, in the order of the document. */
export function operationsOf({ paths }: ApiDocument, tag: string): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, written]) => ({ method: method.toUpperCase(), path, written })),
  );
}

/** A schema by itself, and its name if it has one. */
export interface NamedSchema {
  name: string | null;
  schema: Schema;
}

export function resolve(document: ApiDocument, schema: Schema): NamedSchema {
  if (schema.$ref === undefined) return { name: null, schema };
  const name = schema.$ref.replace('#/components/schemas/', '');
  const target = document.components.schemas[name];
  if (target === undefined) throw new Error(`nothing is called ${name}`);
  return { name, schema: target };
}

/** The bodies that may come: one, or one of several. */
export function bodiesOf(document: ApiDocument, content: Content | undefined): NamedSchema[] {
  return Object.values(content ?? {}).flatMap(({ schema }) => {
    const whole = resolve(document, schema);
    return whole.schema.oneOf?.map((one) => resolve(document, one)) ?? [whole];
  });
}

export function mediaTypeOf(content: Content | undefined): string | null {
  return Object.keys(content ?? {})[0] ?? null;
}
