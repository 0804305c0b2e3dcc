import { Notice } from '@/components/notice';
import { useWords } from '@/lib/words';

import type { LookUpResult } from '../api/use-look-up';
import styles from './look-up.module.css';
import { OrderNumber } from './order-number';

interface LookUpAnswerProps {
  result: LookUpResult;
  found: string;
  notFoundBody: string;
}

/** What the shop's books say, or why they could not be asked. */
export function LookUpAnswer({ result, found, notFoundBody }: LookUpAnswerProps) {
  const { messages } = useWords();
  const words = messages.lookUp;
  switch (result.kind) {
    case 'found':
      return (
        <div className={styles.found}>
          <p>{found}</p>
          <OrderNumber orderId={result.orderId} />
        </div>
      );
    case 'not_found':
      return <Notice tone="refused" title={words.notFound} body={notFoundBody} />;
    case 'failed': {
      const { title, body } = words.failed[result.failure.kind];
      const id = result.failure.correlationId;
      const reference = id === null ? null : { label: messages.answers.reference, id };
      return <Notice tone="trouble" title={title} body={body} reference={reference} />;
    }
  }
}
