import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

import { Notice } from './notice';
import styles from './sign-in-notice.module.css';

interface SignInNoticeProps {
  title: string;
  body: string;
  shop: Shop;
}

/** That it takes signing in, and the way there: by a link where the shop has set one, else in words. */
export function SignInNotice({ title, body, shop }: SignInNoticeProps) {
  const { signIn, page } = useWords().messages;
  const name = shop.shopName ?? page.brand;
  const words = shop.signInUrl === null ? `${body} ${signIn.inWords(name)}` : body;
  return (
    <div className={styles.signIn}>
      <Notice tone="refused" title={title} body={words} />
      {shop.signInUrl !== null && (
        <a className={styles.link} href={shop.signInUrl}>
          {signIn.link(name)}
        </a>
      )}
    </div>
  );
}
