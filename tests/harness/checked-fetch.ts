// A `fetch` that holds every answer against the contract and keeps what broke it.
import { checkEvent, checkResponse } from './contract.ts';

export interface CheckedFetch {
  fetch: typeof fetch;
  /** What broke the contract so far. */
  violations: string[];
}

export function createCheckedFetch(): CheckedFetch {
  const violations: string[] = [];
  const checked: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const text = await response.text();
    const url = new URL(String(input));
    const method = init?.method ?? 'GET';
    const wrong = url.pathname.startsWith('/api/') ? checkResponse(method, url, response, text) : [];
    if (url.pathname === '/api/v1/events' && response.ok) wrong.push(...checkEvents(text));
    violations.push(...wrong.map((what) => `${method} ${url.pathname}${url.search} → ${response.status} ${what}`));
    return new Response(response.status === 204 ? null : text, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
  return { fetch: checked, violations };
}

function checkEvents(text: string): string[] {
  const page = JSON.parse(text) as { data: { type: string; offset: number; data: unknown }[] };
  return page.data.flatMap((event) => checkEvent(event).map((what) => `${what} (offset ${event.offset})`));
}
