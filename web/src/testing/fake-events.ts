import { vi } from 'vitest';

/** A live stream behind `EventSource`: each one that the page opens, to be driven by hand. */
export function fakeEvents() {
  const opened: FakeEventSource[] = [];
  vi.stubGlobal(
    'EventSource',
    class extends FakeEventSource {
      constructor(path: string) {
        super(path);
        opened.push(this);
      }
    },
  );
  return {
    opened,
    /** Those that the page has not closed. */
    open: () => opened.filter(({ closed }) => !closed),
  };
}

class FakeEventSource extends EventTarget {
  readonly path: string;
  closed = false;

  constructor(path: string) {
    super();
    this.path = path;
  }

  close() {
    this.closed = true;
  }

  send(status: unknown) {
    this.sendText(JSON.stringify(status));
  }

  sendText(data: string) {
    if (!this.closed) this.dispatchEvent(new MessageEvent('status', { data }));
  }

  /** The server refuses the stream or ends it: to the page that is the same. */
  end() {
    if (!this.closed) this.dispatchEvent(new Event('error'));
  }
}
