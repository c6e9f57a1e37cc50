import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runSql } from '../harness/database.ts';
import { engine, runCommand } from '../harness/server.ts';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  const account = await tenant.sandbox();
  await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, wait: 10 });
});
after(() => world.stop());

const verify = () => runCommand(['verify'], world.server.env);

test('nothing is wrong while the server writes', async () => {
  let running = true;
  const writing = Promise.all(Array.from({ length: 4 }, async () => {
    while (running) await tenant.hermod.sendMessage(freshNumber(), { text: 'x' });
  }));
  for (let time = 0; time < 3; ++time) {
    const { status, stdout, stderr } = await verify();
    assert.equal(status, 0, stdout + stderr);
    assert.match(stderr, /^1 workspaces checked, 0 findings$/m);
  }
  running = false;
  await writing;
});

test('what is wrong is a line that names it, and the status is 1', async () => {
  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', wait: 10 });
  const log = tenant.log();
  await log.untilStatus(message.id, 'read');
  const change = (offset: string) => runSql(world.server, `UPDATE workspace_counters SET event_offset = event_offset ${offset}`);

  await change('+ 7');
  const wrong = await verify();
  await change('- 7');

  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, new RegExp(`^${tenant.id} ${tenant.id}, offset \\d+: the log has no event at its head$`, 'm'));
  assert.match(wrong.stderr, /1 workspaces checked, 1 findings/);
  assert.equal((await verify()).status, 0);
});

test('a database that cannot be checked is one line, and the status is 2', async () => {
  const url = engine === 'sqlite' ? `sqlite:${world.server.dataDir}/none.db` : 'postgres://nobody@127.0.0.1:1/none';

  const { status, stderr } = await runCommand(['verify'], { ...world.server.env, HERMOD_DATABASE_URL: url });

  assert.equal(status, 2);
  assert.match(stderr, /^hermod: .+\n$/);
});
