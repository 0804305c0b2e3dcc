import { type ReactNode, useState } from 'react';

import type { Answer } from '@/console/lib/api/transport';

import { BrakeDialog } from './brake-dialog';

interface BrakeSteps {
  /** The first step: asks for the second. */
  ask: (pause: boolean) => void;
  /** The second step, while it is asked for. */
  dialog: ReactNode;
}

/**
 * Both steps of the brake, for all places that have the first. `setBrake` resolves when the state
 * of the page is the server's again.
 */
export function useBrake(setBrake: (paused: boolean) => Promise<Answer<unknown>>): BrakeSteps {
  const [asked, setAsked] = useState<boolean | null>(null);
  return {
    ask: setAsked,
    dialog: asked !== null && (
      <BrakeDialog pause={asked} setBrake={setBrake} onClose={() => setAsked(null)} />
    ),
  };
}
