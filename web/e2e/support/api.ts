/** The sale over its API, as programs buy: what a test does beside the browser. */

export interface Status {
  status: 'upcoming' | 'active' | 'sold_out' | 'ended';
  startsAt: number;
  endsAt: number;
  stock: number;
  sold: number;
  productId: string;
  productDescription: string;
  serverTime: number;
  paused: boolean;
  ready: boolean;
}

export async function statusOf(url: string): Promise<Status> {
  return (await (await fetch(`${url}/api/status`)).json()) as Status;
}

/** The order of a person by the shop's books. */
export async function orderInBooks(url: string, userId: string): Promise<string | null> {
  const answer = await fetch(`${url}/api/purchase/${encodeURIComponent(userId)}`);
  return ((await answer.json()) as { orderId: string | null }).orderId;
}

/** Buys for each of these people, one after the other; each must get a unit. */
export async function buyFor(url: string, userIds: readonly string[]): Promise<void> {
  const pass = await fetch(`${url}/api/csrf`);
  const { csrfToken } = (await pass.json()) as { csrfToken: string };
  const cookie = pass.headers.getSetCookie().map((line) => line.split(';')[0]);
  for (const userId of userIds) {
    const answer = await fetch(`${url}/api/purchase`, {
      method: 'POST',
      headers: {
        Cookie: cookie.join('; '),
        'X-CSRF-Token': csrfToken,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ userId }),
    });
    if (answer.status !== 200) {
      throw new Error(`${userId} got ${answer.status}: ${await answer.text()}`);
    }
  }
}

/** So many people who want one. */
export function crowd(size: number, name = 'crowd'): string[] {
  return Array.from({ length: size }, (_, index) => `${name}-${index + 1}`);
}
