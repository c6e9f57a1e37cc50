// A `fetch` that holds every answer against the contract and keeps what broke it.
import { checkEvent, checkResponse } from './contract.ts';

export interface CheckedFetch {
  fetch: typeof fetch;
  /** What broke the contract so far. */
  violations: string[];
  /** To be called when the server's clock moves: connections that idled then may just be closing. */
  clockMoved(): void;
}

export function createCheckedFetch(): CheckedFetch {
  const violations: string[] = [];
  let movedAt = -Infinity;

  // The server closes what idles too long by its clock, maybe while we begin to write. It has read
  // nothing then, so the request can be made again.
  async function request(...args: Parameters<typeof fetch>): Promise<Response> {
    try {
      return await fetch(...args);
    } catch (error) {
      const cause = error instanceof TypeError ? (error.cause as { code?: string } | undefined) : undefined;
      const closed = cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'ECONNRESET' || cause?.code === 'EPIPE';
      if (!closed || performance.now() - movedAt > 2000) throw error;
      return fetch(...args);
    }
  }

  const checked: typeof fetch = async (input, init) => {
    const response = await request(input, init);
    const text = await response.text();
    const url = new URL(String(input));
    const method = init?.method ?? 'GET';
    const wrong = url.pathname.startsWith('/api/') ? checkResponse(method, url, response, text) : [];
    if (url.pathname === '/api/v1/events' && response.status === 200) wrong.push(...checkEvents(text));
    violations.push(...wrong.map((what) => `${method} ${url.pathname}${url.search} → ${response.status} ${what}`));
    return new Response(response.status === 204 ? null : text, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
  return { fetch: checked, violations, clockMoved: () => { movedAt = performance.now(); } };
}

function checkEvents(text: string): string[] {
  const page = JSON.parse(text) as { data: { type: string; offset: number; data: unknown }[] };
  return page.data.flatMap((event) => checkEvent(event).map((what) => `${what} (offset ${event.offset})`));
}
