import { useEffect, useState } from 'react';

import type { AdminClient, OrdersQuestion } from '@/console/lib/api/client';
import type { OrdersPage } from '@/console/lib/api/schemas';
import type { Failure } from '@/console/lib/api/transport';

/** As many rows as a page is still quick with; the ledger may hold a million. */
export const PAGE_ORDERS = 100;

/** Which page of which search is looked at. A copy of it is the same question, asked anew. */
interface Place {
  search: string;
  epoch: number;
  /** Where each page up to this one began, so that there is a way back. */
  starts: (number | null)[];
}

interface Loaded {
  place: Place;
  page: OrdersPage;
}

export interface Orders {
  /** What was loaded last, also while the next is on its way. */
  page: OrdersPage | null;
  loading: boolean;
  failure: Failure | null;
  /** Counts from 0. */
  pageIndex: number;
  first: () => void;
  previous: () => void;
  next: () => void;
  refresh: () => void;
}

const FIRST_PAGE = [null];

/** One page of the orders at a time. A new search, or a new session (`epoch`), asks anew. */
export function useOrders(
  client: Pick<AdminClient, 'getOrders'>,
  search: string,
  epoch: number,
): Orders {
  const [place, setPlace] = useState<Place>({ search, epoch, starts: FIRST_PAGE });
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<Failure | null>(null);

  // A page of another search is of no use, so a new search begins at the first one.
  if (place.search !== search) setPlace({ search, epoch, starts: FIRST_PAGE });
  else if (place.epoch !== epoch) setPlace({ ...place, epoch });

  useEffect(() => {
    const outdated = new AbortController();
    const load = async () => {
      setLoading(true);
      const answer = await client.getOrders(questionFor(place), outdated.signal);
      if (outdated.signal.aborted) return;
      setLoading(false);
      setFailure(answer.kind === 'ok' ? null : answer);
      if (answer.kind === 'ok') setLoaded({ place, page: answer.value });
    };
    void load();
    return () => outdated.abort();
  }, [client, place]);

  const goTo = (starts: Place['starts']) => setPlace({ ...place, starts });
  return {
    page: loaded?.page ?? null,
    loading,
    failure,
    pageIndex: (loaded?.place ?? place).starts.length - 1,
    first: () => goTo(FIRST_PAGE),
    previous: () => {
      if (place.starts.length > 1) goTo(place.starts.slice(0, -1));
    },
    next: () => {
      // Pressed twice before the answer is here, it would skip a page or repeat one.
      if (loaded === null || loaded.place !== place || loaded.page.next === null) return;
      goTo([...place.starts, loaded.page.next]);
    },
    refresh: () => setPlace({ ...place }),
  };
}

function questionFor({ search, starts }: Place): OrdersQuestion {
  return { search, after: starts.at(-1) ?? null, limit: PAGE_ORDERS };
}
