import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { BuyerIdField } from '@/components/buyer-id-field';
import { type BuyerIdProblem, checkBuyerId } from '@/lib/buyer/buyer-id';
import { useWords } from '@/lib/words';

import { wordsFor } from '../answer-words';
import type { PurchaseFlow } from '../purchase-flow';
import { isGoingOn, waitsForCheck } from '../purchase-machine';
import { isAskedAgain, OrderForm } from './order-form';

interface PurchaseFormProps {
  flow: PurchaseFlow;
  saleKey: string;
  open: boolean;
  hint: string;
  typed: string;
  onType: (typed: string) => void;
  /** The field was left. */
  onLeave: () => void;
  /** The check before the sale, and whether it is under way: while the press waits for it, another name may be typed. */
  check: ReactNode;
  checking: boolean;
  /** Set when the form takes the place of what had the focus. */
  takesFocus: boolean;
}

/** The form of a sale that believes whoever names himself: the buyer types who it is for. */
export function PurchaseForm(props: PurchaseFormProps) {
  const { flow, saleKey, open, hint, check, checking, typed, onType, onLeave, takesFocus } = props;
  const { messages } = useWords();
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  const [problem, setProblem] = useState<BuyerIdProblem | null>(null);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (takesFocus) field.current?.focus();
  }, [takesFocus]);

  const type = (next: string) => {
    onType(next);
    setProblem(null);
    flow.stop();
    flow.dismiss();
  };

  const press = () => {
    const checked = checkBuyerId(typed);
    if (checked.ok) {
      setProblem(null);
      flow.buy(saleKey, checked.userId);
    } else {
      setProblem(checked.problem);
      field.current?.focus();
    }
  };

  return (
    <OrderForm
      flow={flow}
      open={open}
      hint={hint}
      check={check}
      checking={checking}
      onPress={press}
    >
      <BuyerIdField
        ref={field}
        label={messages.form.label}
        value={typed}
        onChange={type}
        onLeave={onLeave}
        hint={messages.form.hint}
        problem={problem === null ? null : messages.buyerIdProblems[problem]}
        readOnly={
          (isGoingOn(state) && !(checking && waitsForCheck(state))) ||
          (isAskedAgain(wordsFor(state, messages)) && !open)
        }
      />
    </OrderForm>
  );
}
