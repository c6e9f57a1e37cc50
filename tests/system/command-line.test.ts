import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createDatabase } from '../harness/postgres.ts';
import { engine, freePort, runCommand, startServer } from '../harness/server.ts';

let folder: string;
before(() => { folder = mkdtempSync(join(tmpdir(), 'hermod-cli-')); });
after(() => rmSync(folder, { recursive: true, force: true }));

const key = () => `k1:${randomBytes(32).toString('hex')}`;
const settings = async () => ({
  HERMOD_LISTEN: `127.0.0.1:${await freePort()}`,
  HERMOD_DATA_DIR: join(folder, randomBytes(4).toString('hex')),
  HERMOD_MASTER_KEY: key(),
});

/** It ends by itself, not well, and says why in one line that names what is wrong. */
async function refusesToServe(env: Record<string, string>, says: RegExp): Promise<void> {
  const { status, stdout, stderr } = await runCommand(['serve'], env);

  assert.ok(status !== 0 && status !== null, `it ended with ${status}`);
  const lines = (stdout + stderr).trim().split('\n').filter((line) => !/"level":"(info|debug)"/.test(line));
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0] ?? '', says);
}

test('an unknown key is refused, with the one that was meant', async () =>
  refusesToServe({ ...await settings(), HERMOD_DATABASE_ULR: 'sqlite:x' }, /HERMOD_DATABASE_ULR.*HERMOD_DATABASE_URL/));

for (const [name, value] of [['HERMOD_LISTEN', 'nowhere'], ['HERMOD_NET_THREADS', 'many'], ['HERMOD_DATABASE_URL', 'mysql://x'], ['HERMOD_LOG_LEVEL', 'loud'], ['HERMOD_MASTER_KEY', 'short']] as const)
  test(`${name}=${value} is refused by name`, async () =>
    refusesToServe({ ...await settings(), [name]: value }, new RegExp(`${name}|master_key|${name.slice(7).toLowerCase().replace('_', '.')}`)));

test('a missing master key is refused', async () => {
  const { HERMOD_MASTER_KEY: _, ...rest } = await settings();
  await refusesToServe(rest, /master.key/);
});

test('a master key other than the one that sealed is refused, and the right one still serves', async () => {
  const server = await startServer();
  try {
    await server.terminate();
    await refusesToServe({ ...server.env, HERMOD_MASTER_KEY: `test:${randomBytes(32).toString('hex')}` },
      /this master key does not open what the database holds/);
    await server.start();
  } finally {
    await server.stop();
  }
});

test('a master key that everybody may read is taken with a warning', async () => {
  const file = join(folder, 'open.key');
  writeFileSync(file, key());
  chmodSync(file, 0o644);
  const server = await startServer({ env: { HERMOD_MASTER_KEY: undefined, HERMOD_MASTER_KEY_FILE: file } });
  const says = () => server.output().split('everybody on this machine may read the master key').length - 1;
  assert.equal(says(), 1);
  await server.terminate();
  chmodSync(file, 0o600);
  await server.start();
  assert.equal(says(), 1);
  await server.stop();
});

test('a login that owns nothing serves without the owner\'s password', { skip: engine !== 'postgres' }, async () => {
  const database = await createDatabase();
  try {
    const alone = { ...await settings(), HERMOD_DATABASE_URL: database.url };
    await refusesToServe(alone, /hermod migrate/);
    const migrated = await runCommand(['migrate'], { ...alone, HERMOD_DATABASE_MIGRATE_URL: database.ownerUrl });
    assert.equal(migrated.status, 0, migrated.stderr);
    const server = await startServer({ env: { HERMOD_DATABASE_URL: database.url, HERMOD_DATABASE_MIGRATE_URL: undefined } });
    await server.stop();
  } finally {
    await database.drop();
  }
});

test('a taken port is one clear line', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;

  await refusesToServe({ ...await settings(), HERMOD_LISTEN: `127.0.0.1:${port}` }, new RegExp(`${port}`));
  holder.close();
});

test('a folder that cannot be written is one clear line', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  await refusesToServe({ ...await settings(), HERMOD_DATA_DIR: join(file, 'data') }, /a-file\/data/);
});

test('a database that cannot be reached is one clear line', async () =>
  refusesToServe({ ...await settings(), HERMOD_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, /127\.0\.0\.1|connect/));

test('the testing clock is refused on an address that others reach', async () =>
  refusesToServe({ ...await settings(), HERMOD_LISTEN: `0.0.0.0:${await freePort()}`, HERMOD_TESTING_CLOCK: 'true' }, /testing\.clock/));

test('config tells every value and where it is from, and masks secrets', async () => {
  const env = await settings();
  const { status, stdout } = await runCommand(['config'], env);

  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`listen = ${env.HERMOD_LISTEN}.*HERMOD_LISTEN`));
  assert.match(stdout, /net\.max_connections = \d+.*default/);
  assert.ok(!stdout.includes(env.HERMOD_MASTER_KEY.slice(3)));
});

test('a command that does not exist is refused', async () => {
  const { status, stderr, stdout } = await runCommand(['sevre']);

  assert.equal(status, 2);
  assert.match(stderr + stdout, /--help/);
});
