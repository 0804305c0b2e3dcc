import * as v from 'valibot';

import { languageSchema } from './language';

/** How the shop wants to be seen. The server writes it into the page's head. */
export type Shop = v.InferOutput<typeof shopSchema>;

const META_NAME = 'flashsale-shop';

const text = v.nullish(v.pipe(v.string(), v.regex(/\S/)), null);

const shopSchema = v.object({
  shopName: text,
  /** `null` when the description of the product serves as its title. */
  productName: text,
  /** A path of this origin: the page loads nothing from elsewhere. */
  pictureUrl: v.nullish(v.pipe(v.string(), v.regex(/^\/(?!\/)/)), null),
  pictureAlt: text,
  /** `null` when the visitor's browser decides. */
  language: v.nullish(languageSchema, null),
  /** Where buyers sign in: an address of the web, or a path of this origin. */
  signInUrl: v.fallback(
    v.nullish(v.pipe(v.string(), v.regex(/^(?:https?:\/\/|\/(?![/\\]))/i)), null),
    null,
  ),
});

/** A shop that has set nothing. */
export const PLAIN_SHOP: Shop = {
  shopName: null,
  productName: null,
  pictureUrl: null,
  pictureAlt: null,
  language: null,
  signInUrl: null,
};

/**
 * Reads the shop's look from the page. Without a server there is none, and one that cannot be read
 * must not stand between a buyer and the sale.
 */
export function readShop(page: Document): Shop {
  const content = page.querySelector<HTMLMetaElement>(`meta[name="${META_NAME}"]`)?.content;
  if (content === undefined) return PLAIN_SHOP;
  try {
    const parsed = v.safeParse(shopSchema, JSON.parse(content));
    return parsed.success ? parsed.output : PLAIN_SHOP;
  } catch {
    return PLAIN_SHOP;
  }
}
