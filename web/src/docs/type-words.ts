import type { ApiDocument, Schema } from './api-document';
import { resolve } from './api-document';

/** What values a schema takes, in a few words. */
export function typeWords(document: ApiDocument, written: Schema): string {
  const { name, schema } = resolve(document, written);
  if (schema.enum !== undefined)
    return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array' && schema.items !== undefined) {
    return `array of ${typeWords(document, schema.items)}${bounds(schema)}`;
  }
  const words = `${schema.type ?? 'anything'}${bounds(schema)}`;
  return name === null ? words : `${name}: ${words}`;
}

function bounds(schema: Schema): string {
  const { minimum, minLength, maxLength, minItems, pattern } = schema;
  const words = [
    // Nearly every number here counts something, so that it is not negative goes without saying.
    minimum !== undefined && minimum > 0 && `from ${minimum}`,
    minLength !== undefined && maxLength !== undefined && `${minLength} to ${maxLength} characters`,
    minItems !== undefined && `at least ${minItems}`,
    pattern !== undefined && pattern,
  ].filter((word) => word !== false);
  return words.length === 0 ? '' : `, ${words.join(', ')}`;
}
