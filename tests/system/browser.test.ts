// What a real browser lets pages of other origins do: CORS, cookies and forged requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, startOrigin, type Browser } from '../harness/chromium.ts';
import { password, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let browser: Browser;
let listed: Awaited<ReturnType<typeof startOrigin>>;
let strange: Awaited<ReturnType<typeof startOrigin>>;

before(async () => {
  [listed, strange] = await Promise.all([startOrigin(), startOrigin()]);
  world = await startWorld({ env: { HERMOD_NET_CORS_ORIGINS: `http://127.0.0.1:${listed.port}` } });
  tenant = await world.tenant();
  browser = await startBrowser();
});
after(async () => {
  listed?.stop();
  strange?.stop();
  try {
    await browser?.close();
  } finally {
    await world?.stop();
  }
});

interface Ask extends Omit<RequestInit, 'body'> {
  json?: unknown;
}

/** In the page: the status and body, or that the browser kept them from it. */
async function ask(url: string, { json, ...options }: Ask) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  try {
    const response = await fetch(url, { ...options, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return { status: response.status, type: response.type, code: text.startsWith('{') ? JSON.parse(text).code : undefined,
      limit: response.headers.get('ratelimit-limit'), request: response.headers.get('x-request-id') };
  } catch (error) {
    return { status: 0, type: 'refused', code: String(error), limit: null, request: null };
  }
}

const type = { 'content-type': 'application/json' };
const proof = { ...type, 'hermod-csrf': '1' };
const names = async () => (await tenant.hermod.people.list({ limit: 200 }).page()).data.map(({ name }) => name);

/** How many requests to make a person were refused. */
async function refusedPosts(): Promise<number> {
  const text = await (await fetch(`${world.server.url}/metrics`)).text();
  const lines = text.matchAll(/hermod_net_requests_total\{route="POST \/api\/v1\/people",status="4\d\d"\} (\d+)/g);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function signIn() {
  const own = await browser.open(`${world.server.url}/docs`);
  const signedIn = await own.run(ask, '/api/v1/auth/cookie', { method: 'POST', headers: proof, json: { email: tenant.email, password } });
  assert.equal(signedIn.status, 200, signedIn.code);
  return own;
}

test('a page of our own acts by a cookie that it cannot read', async () => {
  const own = await signIn();

  assert.equal(await own.run(() => document.cookie), '');
  assert.equal((await own.run(ask, '/api/v1/me', {})).status, 200);
  assert.equal((await own.run(ask, '/api/v1/people', { method: 'POST', headers: proof, json: { name: 'Ours' } })).status, 201);
  assert.equal((await own.run(ask, '/api/v1/people', { method: 'POST', headers: type, json: { name: 'Unproved' } })).code, 'csrf_refused');
  assert.ok((await names()).includes('Ours') && !(await names()).includes('Unproved'));
});

for (const host of ['127.0.0.1', 'localhost'])
  test(`a page of ${host === 'localhost' ? 'another site' : 'another origin of the same site'} gets nothing by the cookie and does nothing with it`, async () => {
    await signIn();
    const { url } = world.server;
    const page = await browser.open(`http://${host}:${strange.port}/`);
    const included = { credentials: 'include' as const };

    assert.equal((await page.run(ask, `${url}/api/v1/me`, included)).type, 'refused');
    assert.equal((await page.run(ask, `${url}/api/v1/people`, { ...included, method: 'POST', headers: proof, json: { name: 'Evil 1' } })).type, 'refused');
    const reached = await refusedPosts();
    assert.equal((await page.run(ask, `${url}/api/v1/people`, { ...included, method: 'POST', mode: 'no-cors', json: { name: 'Evil 2' } })).status, 0);
    // A form as any page can send it: its text/plain can spell JSON.
    await page.run((action) => new Promise<void>((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = 'answer';
      document.body.append(frame);
      const form = Object.assign(document.createElement('form'), { action, method: 'post', enctype: 'text/plain', target: 'answer' });
      form.append(Object.assign(document.createElement('input'), { name: '{"name":"Evil 3","attributes":{"a":"', value: '"}}' }));
      document.body.append(form);
      frame.addEventListener('load', () => resolve());
      form.submit();
    }), `${url}/api/v1/people`);
    assert.equal(await refusedPosts(), reached + 2, 'both came, and were refused');
    // Nor does it sign the visitor in as somebody else.
    await page.run(ask, `${url}/api/v1/auth/cookie`, { ...included, method: 'POST', mode: 'no-cors', json: { email: 'evil@example.com', password } });

    assert.deepEqual((await names()).filter((name) => name?.startsWith('Evil')), []);
    const own = await browser.open(`${url}/docs`);
    assert.equal((await own.run(ask, '/api/v1/me', {})).status, 200, 'still signed in');
  });

test('a page of a listed origin reads answers and errors by a token, and has nothing of the cookie', async () => {
  await signIn();
  const page = await browser.open(`http://127.0.0.1:${listed.port}/`);
  const url = `${world.server.url}/api/v1/people`;
  const bearer = { authorization: `Bearer ${tenant.key}` };

  const good = await page.run(ask, url, { headers: bearer });
  assert.equal(good.status, 200);
  assert.ok(good.request);
  assert.equal((await page.run(ask, url, { headers: { authorization: 'Bearer hk_live_wrong' } })).code, 'unauthenticated');
  assert.equal((await page.run(ask, url, { credentials: 'include' })).code, 'csrf_refused');
});

test('a page uses its publishable key where the operator listed nothing, and another page does not', async () => {
  const account = await tenant.sandbox();
  const origin = `http://127.0.0.1:${strange.port}`;
  const made = await tenant.hermod.apiKeys.create({ name: 'Form', scopes: ['messages:send'],
    publishable: { allowed_origins: [origin], recipients: ['+12025550126'], daily_cap: 5 } });
  const send = async (from: string) => (await browser.open(from)).run(ask, `${world.server.url}/api/v1/messages`, {
    method: 'POST', headers: { ...type, authorization: `Bearer ${made.key}` }, json: { to: '+12025550126', text: 'hello', account_id: account.id } });

  assert.equal((await send(`${origin}/`)).status, 202);
  assert.equal((await send(`http://localhost:${strange.port}/`)).code, 'origin_refused');
});
