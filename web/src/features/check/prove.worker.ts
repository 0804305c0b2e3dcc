import { findNonce } from './find-nonce';

/** What the worker is told, once; its answer is the nonce. */
export interface Work {
  challenge: string;
  bits: number;
}

addEventListener('message', ({ data }: MessageEvent<Work>) => {
  postMessage(findNonce(data.challenge, data.bits));
});
