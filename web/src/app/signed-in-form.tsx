import { type ReactNode, useSyncExternalStore } from 'react';

import { SignInNotice } from '@/components/sign-in-notice';
import { PersonLine } from '@/features/identity/components/person-line';
import type { Person } from '@/features/identity/signed-in';
import { OrderForm } from '@/features/purchase/components/order-form';
import type { PurchaseFlow } from '@/features/purchase/purchase-flow';
import { awaitsSignIn } from '@/features/purchase/purchase-machine';
import type { Shop } from '@/lib/shop';
import { useWords } from '@/lib/words';

interface SignedInFormProps {
  flow: PurchaseFlow;
  shop: Shop;
  saleKey: string;
  open: boolean;
  hint: string;
  person: Person;
  /** The check before the sale, and whether it is under way. */
  check: ReactNode;
  checking: boolean;
}

/** The form of a sale that believes the shop's tokens: nothing is typed, and it takes signing in. */
export function SignedInForm(props: SignedInFormProps) {
  const { flow, shop, saleKey, open, hint, person, check, checking } = props;
  const words = useWords().messages.signIn;
  const state = useSyncExternalStore(flow.subscribe, flow.state);
  if (person.kind === 'out') {
    const { title, body } = person.expired ? words.expired : words.missing;
    return (
      <div role="status">
        <SignInNotice
          title={title}
          body={awaitsSignIn(state) ? `${body} ${words.kept}` : body}
          shop={shop}
        />
      </div>
    );
  }
  const userId = person.kind === 'in' ? person.userId : null;
  return (
    <OrderForm
      flow={flow}
      open={open && userId !== null}
      hint={hint}
      check={check}
      checking={checking}
      onPress={() => {
        if (userId !== null) flow.buy(saleKey, userId);
      }}
    >
      <PersonLine person={person} />
    </OrderForm>
  );
}
