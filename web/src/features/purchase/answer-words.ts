import type { PurchaseAnswer } from '@/lib/api/answers';
import type { Messages } from '@/lib/messages/en';

import { type Cause, isGoingOn, type PurchaseState } from './purchase-machine';

export interface AnswerWords {
  tone: 'refused' | 'trouble';
  title: string;
  body: string;
  /** What to quote to the shop's support; only where there is something to complain about. */
  reference: string | null;
  /**
   * What comes next. `wait`: the page asks again by itself. Else what the buyer can do: ask or press
   * again, change the id, load the page anew, or nothing here.
   */
  next: 'wait' | 'ask' | 'retry' | 'edit' | 'reload' | 'none';
}

/** The words and the next step for a state; orders have a receipt instead, so they have none. */
export function wordsFor(state: PurchaseState, messages: Messages): AnswerWords | null {
  if (state.step === 'idle') return null;
  if (state.step === 'answered') return wordsForAnswer(state.answer, messages);
  if (isGoingOn(state)) return state.cause && wordsForCause(state.cause, messages);
  const words = state.by === 'buyer' ? messages.answers.stopped : messages.answers.gave_up;
  const { cause } = state;
  const reference = cause !== null && 'correlationId' in cause ? cause.correlationId : null;
  return { tone: 'trouble', ...words, reference, next: 'ask' };
}

function wordsForCause(cause: Cause, messages: Messages): AnswerWords | null {
  const words = messages.answers;
  if (cause.kind === 'interrupted') {
    return { tone: 'trouble', ...words.interrupted, reference: null, next: 'wait' };
  }
  if (cause.kind === 'not_active') {
    return { tone: 'refused', ...words.too_early, reference: null, next: 'wait' };
  }
  const answered = wordsForAnswer(cause, messages);
  return answered && { ...answered, next: 'wait' };
}

function wordsForAnswer(answer: PurchaseAnswer, messages: Messages): AnswerWords | null {
  const words = messages.answers;
  const reference = answer.correlationId;
  switch (answer.kind) {
    case 'purchased':
    case 'already_purchased':
    // Who is not signed in has a way to do that in the place of the form.
    case 'unauthorized':
      return null;
    case 'sold_out':
      return { tone: 'refused', ...words.sold_out, reference: null, next: 'none' };
    case 'not_active': {
      const key = answer.phase === null ? 'not_active' : (`not_active_${answer.phase}` as const);
      const next = answer.phase === 'ended' ? 'none' : 'edit';
      return { tone: 'refused', ...words[key], reference: null, next };
    }
    case 'rate_limited': {
      const { title, body } = words.rate_limited;
      const wait = messages.wait(answer.retryAfterMs);
      return { tone: 'trouble', title, body: body(wait), reference, next: 'retry' };
    }
    case 'csrf':
    // A pass that was just given and does not come back: as with the other cookie, the browser keeps none.
    case 'pass_required':
      return { tone: 'trouble', ...words.csrf, reference, next: 'retry' };
    case 'invalid_user':
      return { tone: 'refused', ...words.invalid_user, reference, next: 'edit' };
    case 'other_user':
      return { tone: 'refused', ...words.other_user, reference, next: 'edit' };
    case 'bad_request':
      return { tone: 'trouble', ...words.bad_request, reference, next: 'reload' };
    case 'busy':
    case 'check_failed':
    case 'check_unavailable':
    case 'internal':
    case 'unreadable':
    case 'unreachable':
      return { tone: 'trouble', ...words[answer.kind], reference, next: 'retry' };
  }
}
