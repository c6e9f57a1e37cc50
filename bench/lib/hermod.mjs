// The server under measurement, and its API.
import { randomBytes } from 'node:crypto';
import { hermod } from './paths.mjs';
import { freePort, startProgram } from './process.mjs';

const masterKey = `bench:${randomBytes(32).toString('hex')}`;

/** Serves a database, without rate limits and otherwise as it comes. */
export async function serveHermod(database, folder, settings = {}) {
  const port = await freePort();
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HERMOD_'));
  const env = {
    ...Object.fromEntries(inherited),
    ...database.settings,
    HERMOD_LISTEN: `127.0.0.1:${port}`,
    HERMOD_DATA_DIR: folder,
    HERMOD_MASTER_KEY: masterKey,
    HERMOD_NET_RATE_LIMIT_PER_ADDRESS: '0',
    HERMOD_NET_RATE_LIMIT_PER_KEY: '0',
    HERMOD_NET_RATE_LIMIT_PER_WORKSPACE: '0',
    HERMOD_NET_RATE_LIMIT_SIGN_IN_PER_ADDRESS: '0',
    ...settings,
  };
  const program = startProgram('hermod', hermod, ['serve'], { cwd: folder, env });
  const url = `http://127.0.0.1:${port}`;
  await program.waitUntilReady(`${url}/readyz`);
  return { program, port, url };
}

export async function callApi(url, method, path, token, body) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
