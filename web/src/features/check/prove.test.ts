import { expect, test, vi } from 'vitest';

import { CheckError } from '@/lib/api/check-client';

import { prove } from './prove';

const begin = () => {
  const workers: EventTarget[] = [];
  class FakeWorker extends EventTarget {
    constructor() {
      super();
      workers.push(this);
    }
    postMessage() {}
    terminate() {}
  }
  vi.stubGlobal('Worker', FakeWorker);
  const failed = prove({ challenge: 'c', bits: 1 }, new AbortController().signal).catch(
    (error: unknown) => error,
  );
  return { failed, tell: (event: Event) => workers[0]?.dispatchEvent(event) };
};

test('a worker whose file does not come is a lost connection, after which another try may help', async () => {
  const { failed, tell } = begin();
  tell(new Event('error'));
  const error = await failed;
  expect(error).toBeInstanceOf(CheckError);
  expect(error).toMatchObject({ answer: { kind: 'unreachable' } });
});

test('a worker that breaks is a mistake of this page', async () => {
  const { failed, tell } = begin();
  tell(new ErrorEvent('error', { message: 'a mistake' }));
  const error = await failed;
  expect(error).not.toBeInstanceOf(CheckError);
  expect(error).toMatchObject({ message: 'a mistake' });
});
