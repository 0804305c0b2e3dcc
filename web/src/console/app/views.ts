import { useSyncExternalStore } from 'react';

export const VIEWS = ['live', 'orders', 'settings'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Which view is shown stands in the address, so that a reload and the way back keep it. */
export function useViewName(): ViewName {
  return useSyncExternalStore(subscribe, read);
}

function read(): ViewName {
  return VIEWS.find((name) => `#${name}` === location.hash) ?? 'live';
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}
