// What a server stands on goes away for a while, under load: the disk's space, the database, the
// time. Writes are refused meanwhile, and nothing that was accepted is lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startCluster } from '../harness/postgres.ts';
import { engine, type ServerOptions } from '../harness/server.ts';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';
import { startLedger } from './ledger.ts';
import { correspondent, holdAgainst, sender, talker, underLoad, type Party } from './load.ts';
import { seed } from './options.ts';
import { randomFrom } from './random.ts';

interface Outage {
  world: World;
  tenant: Tenant;
  /** Waits until so many more writes were accepted. */
  accept(more: number): Promise<void>;
}

interface Options extends ServerOptions {
  order?: 'kept' | 'any';
  /** Before all is held against what was accepted. */
  settle?: (world: World) => Promise<void>;
}

/** Everybody writes while `disturb` runs; then all is held against what was accepted. */
async function during(t: TestContext, { order = 'kept', settle, ...options }: Options, disturb: (outage: Outage) => Promise<void>): Promise<void> {
  t.diagnostic(`HERMOD_FAULT_SEED=${seed}`);
  await using ledger = await startLedger(randomFrom(seed));
  const world = await startWorld(options);
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox({ delays_ms: { sent: 0, delivered: 50, read: 100 }, network_url: ledger.url });
    const room = await tenant.hermod.conversations.create({ kind: 'group' });
    const parties: Party[] = [
      ...Array.from({ length: 3 }, () => sender(tenant, account, freshNumber(), order)),
      talker(tenant, room.id, 'talker'),
      correspondent(tenant, account, freshNumber()),
    ];
    const total = () => parties.reduce((sum, party) => sum + party.accepted.length, 0);
    const accept = async (more: number) => {
      const enough = total() + more;
      while (total() < enough) await delay(20);
    };
    await underLoad(parties, () => disturb({ world, tenant, accept }));
    await settle?.(world);
    t.diagnostic(await holdAgainst(tenant, ledger, parties));
  } finally {
    await world.stop();
  }
}

/** A write that is refused as it must be where there is nothing to write to. */
async function isRefused(tenant: Tenant): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await tenant.raw('POST', '/api/v1/people', { json: { name: 'x'.repeat(200) } });
    if (answer.status === 503) {
      assert.match(answer.body.code, /^(storage_unavailable|overloaded)$/);
      assert.ok(answer.headers.get('retry-after'));
      return;
    }
    assert.ok(Date.now() < deadline, 'writes are not refused');
  }
}

function mountSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'hermod-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
}

test('a full disk refuses writes with 503, and loses nothing', { skip: engine !== 'sqlite' && 'the disk of PostgreSQL is its own' }, async (t) => {
  const disk = mountSmallDisk();
  if (!disk) return t.skip('no disk of a test\'s own can be mounted here: that needs root');
  try {
    const env = { HERMOD_DATA_DIR: disk, HERMOD_DATABASE_URL: `sqlite:${disk}/hermod.db` };
    await during(t, { env }, async ({ tenant, accept }) => {
      await accept(100);
      const ballast = join(disk, 'ballast');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 256 * 1024)));
      await isRefused(tenant);
      assert.equal((await tenant.raw('GET', '/api/v1/people?limit=1')).status, 200, 'reads go on');
      rmSync(ballast);
      await accept(200);
    });
  } finally {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});

test('PostgreSQL stopped for 20 s refuses writes with 503, and loses nothing', { skip: engine !== 'postgres' && 'on PostgreSQL alone' }, async (t) => {
  using cluster = startCluster();
  await during(t, { cluster: cluster.url }, async ({ tenant, accept }) => {
    await accept(100);
    cluster.halt();
    const until = Date.now() + 20_000;
    try {
      await isRefused(tenant);
      await delay(Math.max(0, until - Date.now()));
    } finally {
      cluster.resume();
    }
    await accept(200);
  });
});

test('the time jumps an hour back and forth: nothing stands still, is lost or doubled', async (t) => {
  const hour = 3_600_000;
  // What is to be tried again at a time of the clock that was ahead waits until it is that time.
  const settle = (world: World) => world.advance(3 * hour);
  await during(t, { order: 'any', settle }, async ({ world, accept }) => {
    await accept(100);
    for (const by of [hour, -hour, -hour]) {
      await world.advance(by);
      await accept(100);
    }
  });
});
