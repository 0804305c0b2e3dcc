import type { PurchaseAnswer } from '@/lib/api/answers';
import { messages } from '@/lib/messages';

import type { PurchaseState } from './purchase-machine';

export interface AnswerWords {
  tone: 'refused' | 'trouble';
  title: string;
  body: string;
  /** What to quote to the shop's support; only where there is something to complain about. */
  reference: string | null;
  /** What the buyer can do now: press again, change the id, load the page anew, or nothing here. */
  next: 'retry' | 'edit' | 'reload' | 'none';
}

/** The words and the next step for a state; orders have a receipt instead, so they have none. */
export function wordsFor(state: PurchaseState): AnswerWords | null {
  switch (state.step) {
    case 'idle':
    case 'token':
    case 'sending':
      return null;
    case 'interrupted':
      return { tone: 'trouble', ...messages.answers.interrupted, reference: null, next: 'retry' };
    case 'answered':
      return wordsForAnswer(state.answer);
  }
}

function wordsForAnswer(answer: PurchaseAnswer): AnswerWords | null {
  const words = messages.answers;
  const reference = answer.correlationId;
  switch (answer.kind) {
    case 'purchased':
    case 'already_purchased':
      return null;
    case 'sold_out':
      return { tone: 'refused', ...words.sold_out, reference: null, next: 'none' };
    case 'not_active': {
      const key = answer.phase === null ? 'not_active' : (`not_active_${answer.phase}` as const);
      const next = answer.phase === 'ended' ? 'none' : 'edit';
      return { tone: 'refused', ...words[key], reference: null, next };
    }
    case 'busy':
    case 'rate_limited': {
      const { title, body } = words[answer.kind];
      const wait = messages.wait(answer.retryAfterMs);
      return { tone: 'trouble', title, body: body(wait), reference, next: 'retry' };
    }
    case 'csrf':
      return { tone: 'trouble', ...words.csrf, reference, next: 'retry' };
    case 'invalid_user':
      return { tone: 'refused', ...words.invalid_user, reference, next: 'edit' };
    case 'bad_request':
      return { tone: 'trouble', ...words.bad_request, reference, next: 'reload' };
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return { tone: 'trouble', ...words[answer.kind], reference, next: 'retry' };
  }
}
