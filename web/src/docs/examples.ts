import type { ApiDocument, Operation, Schema } from './api-document';
import { mediaTypeOf, resolve } from './api-document';

/** A value that fits a schema, made of the examples of its parts. */
export function exampleOf(document: ApiDocument, written: Schema): unknown {
  const { schema } = resolve(document, written);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.oneOf?.[0] !== undefined) return exampleOf(document, schema.oneOf[0]);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property]) => [
          name,
          exampleOf(document, property),
        ]),
      );
    case 'array':
      return schema.items === undefined ? [] : [exampleOf(document, schema.items)];
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    case 'string':
      return 'text';
    default:
      return null;
  }
}

/** The lines to type into a shell for an operation. */
export function curlOf(document: ApiDocument, operation: Operation, origin: string): string {
  const { method, path, written } = operation;
  const { parameters = [], requestBody, responses, security = [] } = written;
  const needsToken = security.some((scheme) => 'csrfCookie' in scheme);
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    return encodeURIComponent(String(exampleOf(document, parameter?.schema ?? {})));
  });

  const parts = [`curl ${quoted(`${origin}${filled}`)}`];
  if (mediaTypeOf(responses['200']?.content) === 'text/event-stream') parts.push('--no-buffer');
  if (method !== 'GET' && requestBody === undefined) parts.push(`--request ${method}`);
  if (needsToken) parts.push('--cookie jar', '--header "X-CSRF-Token: $token"');
  for (const [mediaType, { schema }] of Object.entries(requestBody?.content ?? {})) {
    parts.push(`--header ${quoted(`Content-Type: ${mediaType}`)}`);
    parts.push(`--data ${quoted(JSON.stringify(exampleOf(document, schema)))}`);
  }
  const call = parts.join(' \\\n  ');
  if (!needsToken) return call;
  const token = `curl --silent --cookie-jar jar ${quoted(`${origin}/api/csrf`)} | cut -d '"' -f 4`;
  return `token=$(${token})\n${call}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
