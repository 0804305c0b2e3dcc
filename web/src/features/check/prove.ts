import { CheckError } from '@/lib/api/check-client';

import type { Work } from './prove.worker';

/** Does the work beside the page, which stays as quick as it was. Ended by the signal, it finds nothing. */
export function prove(work: Work, signal: AbortSignal): Promise<string> {
  return new Promise((found, failed) => {
    const worker = new Worker(new URL('./prove.worker.ts', import.meta.url), { type: 'module' });
    const end = () => {
      worker.terminate();
      signal.removeEventListener('abort', stop);
    };
    const stop = () => {
      end();
      failed(signal.reason);
    };
    signal.addEventListener('abort', stop);
    worker.addEventListener('message', ({ data }: MessageEvent<string>) => {
      end();
      found(data);
    });
    worker.addEventListener('error', (event) => {
      end();
      // One that breaks has a message; without it, its file did not come.
      failed(
        event.message
          ? new Error(event.message)
          : new CheckError({ kind: 'unreachable', correlationId: null }),
      );
    });
    if (signal.aborted) stop();
    // A worker has no origin to name: it is not a window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    else worker.postMessage(work);
  });
}
