import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { onSqlite } from '../harness/database.ts';
import { engine, runCommand } from '../harness/server.ts';
import { freshNumber, startWorld } from '../harness/world.ts';

const embedded = { skip: engine !== 'sqlite' };

let folder: string;
before(() => { folder = mkdtempSync(join(tmpdir(), 'hermod-backup-')); });
after(() => rmSync(folder, { recursive: true, force: true }));

test('a backup made under load is restored: what it held is back, clients start anew, and sends wait for the operator', embedded, async () => {
  const world = await startWorld();
  try {
    const { server } = world;
    const tenant = await world.tenant();
    const account = await tenant.sandbox();
    const early = await tenant.hermod.sendMessage(freshNumber(), { text: 'early', account_id: account.id, wait: 10 });
    const cursor = (await tenant.hermod.events.page()).next;
    const file = join(folder, 'under-load.db');
    // Due only when the backup is back.
    const later = await tenant.hermod.sendMessage(freshNumber(), { text: 'later', account_id: account.id, send_at: new Date(Date.now() + 600_000).toISOString() });
    let running = true;
    const accepted: string[] = [];
    const writing = Promise.all(Array.from({ length: 4 }, async () => {
      while (running) accepted.push((await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id })).id);
    }));

    while (accepted.length < 50) await tenant.hermod.events.page();
    const before = [...accepted];
    const made = await runCommand(['backup', file], server.env);
    const during = accepted.length;
    running = false;
    await writing;

    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stderr, /^copied 100 % of [\d.]+ MB$/m);
    assert.match(made.stderr, /master key is not in it/);
    assert.ok(during > before.length, 'the server wrote while it was copied');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    for (const suffix of ['-wal', '-shm', '-journal', '.partial']) assert.ok(!existsSync(file + suffix), suffix);
    const lost = await tenant.hermod.sendMessage(freshNumber(), { text: 'after the backup', account_id: account.id, wait: 10 });

    // Not while the server runs.
    const refused = await runCommand(['restore', file], server.env);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /in use by another hermod/);
    assert.equal((await tenant.hermod.messages.get(lost.id)).id, lost.id);

    await server.terminate();
    const restored = await runCommand(['restore', file], server.env);
    assert.equal(restored.status, 0, restored.stderr);
    assert.match(restored.stderr, /Restored 1 workspaces/);
    assert.equal(onSqlite(join(server.dataDir, 'hermod.db.replaced'), 'SELECT COUNT(*) FROM workspaces')[0]?.[0], '1');
    for (const suffix of ['', '-wal', '.lock']) assert.ok(!existsSync(join(server.dataDir, `hermod.db.restoring${suffix}`)));
    await server.start();

    // What the backup held is there, what came later is not.
    assert.deepEqual((await tenant.hermod.messages.get(early.id)).content, early.content);
    for (const id of before) assert.equal((await tenant.hermod.messages.get(id)).id, id);
    assert.equal((await tenant.raw('GET', `/api/v1/messages/${lost.id}`)).body.code, 'message_not_found');
    // Clients start anew.
    const stale = await tenant.raw('GET', `/api/v1/events?after=${encodeURIComponent(cursor)}`);
    assert.equal(stale.status, 410);
    assert.equal(stale.body.code, 'cursor_expired');
    // Nothing is sent, and everything says so.
    const held = await tenant.hermod.sendMessage(freshNumber(), { text: 'held', account_id: account.id, wait: 3 });
    assert.equal(held.status, 'queued');
    await world.advance(900_000);
    assert.equal((await tenant.hermod.messages.get(later.id)).status, 'queued');
    assert.deepEqual(await (await fetch(`${server.url}/readyz`)).json(), { status: 'ready', held: true });
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^hermod_jobs_hold 1$/m);
    assert.match(server.output(), /nothing is sent until `hermod admin resume`/);
    assert.match((await runCommand(['admin', 'status'], server.env)).stdout, /sends: held since .*restored/);

    const resumed = await runCommand(['admin', 'resume'], server.env);
    assert.equal(resumed.status, 0, resumed.stderr);
    const log = tenant.log();
    for (const id of [held.id, later.id, ...before]) await log.untilStatus(id, 'read');
    assert.deepEqual(log.events.map(({ offset }) => offset), log.events.map((_, at) => at + 1));
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^hermod_jobs_hold 0$/m);
    assert.match((await runCommand(['admin', 'resume'], server.env)).stdout, /Nothing was held back/);
  } finally {
    await world.stop();
  }
});

test('a backup of a server that was killed holds what it had accepted', embedded, async () => {
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const person = await tenant.hermod.people.create({ name: 'Ana' });
    await world.server.kill();
    const file = join(folder, 'killed.db');

    const made = await runCommand(['backup', file], world.server.env);

    assert.equal(made.status, 0, made.stderr);
    assert.equal(onSqlite(file, "SELECT COUNT(*) FROM people WHERE name = 'Ana'")[0]?.[0], '1');
    await world.server.start();
    assert.equal((await tenant.hermod.people.get(person.id)).name, 'Ana');
  } finally {
    await world.stop();
  }
});

test('nothing is overwritten unless it is said, and what is no backup is refused', embedded, async () => {
  const world = await startWorld();
  try {
    const { server } = world;
    await world.tenant();
    const file = join(folder, 'kept.db');
    writeFileSync(file, 'something dear');

    const kept = await runCommand(['backup', file], server.env);
    assert.equal(kept.status, 2);
    assert.match(kept.stderr, /kept\.db is there already; --force replaces it/);
    assert.equal(readFileSync(file, 'utf8'), 'something dear');
    await server.terminate();
    for (const [name, path] of [['no database', file], ['a missing file', join(folder, 'none.db')]] as const) {
      const refused = await runCommand(['restore', path], server.env);
      assert.notEqual(refused.status, 0, name);
      assert.match(refused.stderr, /^hermod: [^\n]+\n$/, name);
    }
    const other = join(folder, 'other.db');
    onSqlite(other, 'CREATE TABLE recipes (name TEXT)');
    assert.match((await runCommand(['restore', other], server.env)).stderr, /a database of something else/);

    assert.equal((await runCommand(['backup', '--force', file], server.env)).status, 0);
    // One that is damaged is refused, and what there is stays.
    const wrong = join(folder, 'wrong.db');
    assert.equal((await runCommand(['backup', wrong], server.env)).status, 0);
    onSqlite(wrong, 'UPDATE workspace_counters SET event_offset = event_offset + 1');
    const refused = await runCommand(['restore', wrong], server.env);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /the log has no event at its head[^]*has 1 faults/);
    await server.start();
    assert.deepEqual(await (await fetch(`${server.url}/readyz`)).json(), { status: 'ready' });
  } finally {
    await world.stop();
  }
});

test('PostgreSQL has its own backups: the commands say where to read', { skip: engine !== 'postgres' }, async () => {
  const world = await startWorld();
  try {
    for (const command of ['backup', 'restore']) {
      const { status, stderr } = await runCommand([command, join(folder, 'x.db')], world.server.env);
      assert.equal(status, 2);
      assert.match(stderr, /PostgreSQL has its own tools: see docs\/operate\/backup\.md/);
    }
    // After its own restore: not under a running node, then as `hermod restore`.
    const tenant = await world.tenant();
    const account = await tenant.sandbox();
    const cursor = (await tenant.hermod.events.page()).next;
    const early = await runCommand(['admin', 'restored'], world.server.env);
    assert.equal(early.status, 1);
    assert.match(early.stderr, /1 nodes run on this database/);
    await world.server.terminate();
    const { status, stderr } = await runCommand(['admin', 'restored'], world.server.env);
    assert.equal(status, 0, stderr);
    await world.server.start();
    assert.equal((await tenant.raw('GET', `/api/v1/events?after=${encodeURIComponent(cursor)}`)).body.code, 'cursor_expired');
    assert.equal((await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, wait: 3 })).status, 'queued');
    await runCommand(['admin', 'resume'], world.server.env);
  } finally {
    await world.stop();
  }
});

test('an operator holds back what is sent and lets it go, while the server runs', async () => {
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox();
    const held = async () => (await (await fetch(`${world.server.url}/readyz`)).json() as { held?: boolean }).held ?? false;
    const becomes = async (wanted: boolean) => {
      for (let step = 0; step < 100 && await held() !== wanted; ++step) await world.advance(1000);
      assert.equal(await held(), wanted);
    };

    assert.equal((await runCommand(['admin', 'hold'], world.server.env)).status, 0);
    await becomes(true);
    const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id });
    const inApp = await tenant.hermod.conversations.create({ kind: 'group' });
    assert.ok(inApp.id, 'what needs no sending goes on');
    await world.advance(60_000);
    assert.equal((await tenant.hermod.messages.get(message.id)).status, 'queued');
    // It outlives the process.
    await world.server.kill();
    await world.server.start();
    assert.equal(await held(), true);

    assert.match((await runCommand(['admin', 'resume'], world.server.env)).stdout, /is sent within seconds/);
    await becomes(false);
    await tenant.log().untilStatus(message.id, 'read');
  } finally {
    await world.stop();
  }
});
