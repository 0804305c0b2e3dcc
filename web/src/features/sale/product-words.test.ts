import { expect, test } from 'vitest';

import type { SaleStatus } from '@/lib/api/schemas';
import { PLAIN_SHOP } from '@/lib/shop';
import { statusJson } from '@/testing/fake-shop';

import { productWords } from './product-words';

test.each([
  ['Nine dishes, one vermilion.', null, 'Nine dishes, one vermilion.', null],
  ['  ', null, 'AL-042', null],
  ['Nine dishes.', 'Alba', 'Alba', 'Nine dishes.'],
  ['Alba', 'Alba', 'Alba', null],
  ['', 'Alba', 'Alba', null],
])('%j of the product %j', (productDescription, productName, title, text) => {
  const status = statusJson({ productDescription }) as SaleStatus;
  expect(productWords(status, { ...PLAIN_SHOP, productName })).toEqual({ title, text });
});
