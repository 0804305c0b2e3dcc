import { type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * When what has the focus goes from the page, the focus goes to the place around it, and a keyboard
 * goes on from there. Without this it would start anew at the top of the page.
 *
 * It looks after each render of the component that calls it; `place` must take focus by script.
 */
export function useKeptFocus(place: RefObject<HTMLElement | null>): void {
  const focused = useRef<Element | null>(null);
  useLayoutEffect(() => {
    const { activeElement, body } = document;
    const lost = activeElement === body || activeElement === null;
    if (lost && focused.current !== null && !focused.current.isConnected) place.current?.focus();
  });
  useLayoutEffect(() => {
    const area = place.current;
    const remember = ({ target }: FocusEvent) => {
      focused.current = target instanceof Element ? target : null;
    };
    area?.addEventListener('focusin', remember);
    return () => area?.removeEventListener('focusin', remember);
  }, [place]);
}
