import { useState } from 'react';

import productPicture from '@/assets/product.svg';
import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

import styles from './picture.module.css';

/** The shop's picture or, without one, ours. Where it does not come, its words stand in its place. */
export function Picture({ shop, over }: { shop: Shop; over: boolean }) {
  const { messages } = useWords();
  const [missing, setMissing] = useState(false);
  const ownAlt = shop.pictureAlt ?? shop.productName ?? '';
  const alt = shop.pictureUrl === null ? messages.page.productPicture : ownAlt;
  return (
    <div className={styles.frame}>
      {missing ? (
        <p className={styles.words}>{alt}</p>
      ) : (
        <img
          className={over ? `${styles.picture} ${styles.over}` : styles.picture}
          src={shop.pictureUrl ?? productPicture}
          alt={alt}
          fetchPriority="high"
          onError={() => setMissing(true)}
        />
      )}
    </div>
  );
}
