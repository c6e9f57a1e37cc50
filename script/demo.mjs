// node script/demo.mjs URL FILE PID: waits until the server (process PID) answers at URL, makes a demo
// workspace through its API unless FILE remembers one that still works, and prints how to use it.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const [url, file, pid] = process.argv.slice(2);

function serverLives() {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

async function waitUntilReady() {
  while (serverLives()) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return true;
    await delay(20);
  }
  return false; // it has said why
}

async function call(method, path, { token, body } = {}) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : undefined,
  });
  const result = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${result.code}: ${result.detail || result.title} ${JSON.stringify(result.errors ?? [])}`);
  return result;
}

async function remembered() {
  if (!existsSync(file)) return null;
  const demo = JSON.parse(readFileSync(file, 'utf8'));
  const works = await call('GET', '/me', { token: demo.api_key }).then(() => true, () => false);
  return works ? demo : null;
}

async function createDemo() {
  // Random, as an earlier demo's login may still be there without its file.
  const email = `demo-${randomBytes(3).toString('hex')}@example.com`;
  const password = randomBytes(12).toString('base64url');
  const signedIn = await call('POST', '/auth/register', {
    body: { email, password, name: 'Demo', workspace_name: 'Demo' },
  });
  const token = signedIn.access_token;
  await call('POST', '/accounts', { token, body: { connector: 'sandbox', name: 'Sandbox' } });
  const key = await call('POST', '/api_keys', { token, body: { name: 'Demo', scopes: ['admin'] } });
  const demo = { email, password, workspace_id: signedIn.workspaces[0].id, api_key: key.key };
  writeFileSync(`${file}.new`, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return demo;
}

function print(demo) {
  const body = JSON.stringify({ to: '+12025550100', text: 'Hello from Hermod' });
  process.stdout.write(`
Hermod is running on ${url} (Ctrl-C stops it)

  Login      ${demo.email}  ${demo.password}
  API key    ${demo.api_key}
  API        ${url}/docs

Send a message over the sandbox network:

curl -sS ${url}/api/v1/messages -H 'Authorization: Bearer ${demo.api_key}' -H 'Content-Type: application/json' -d '${body}'

`);
}

if (await waitUntilReady()) {
  try {
    print((await remembered()) ?? (await createDemo()));
  } catch (error) {
    process.stderr.write(`The demo workspace cannot be made: ${error.message}\n`);
    process.exitCode = 1;
  }
}
