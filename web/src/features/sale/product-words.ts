import type { SaleStatus } from '@/lib/api/schemas';
import type { Shop } from '@/lib/shop';

export interface ProductWords {
  title: string;
  /** What stands below the title, if there is more to say. */
  text: string | null;
}

/** A shop that names its product has its description as a text; else the description is the title. */
export function productWords(status: SaleStatus, shop: Shop): ProductWords {
  const description = status.productDescription.trim();
  if (shop.productName === null) return { title: description || status.productId, text: null };
  const repeats = description === '' || description === shop.productName;
  return { title: shop.productName, text: repeats ? null : description };
}
