import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startReceiver } from '../harness/receiver.ts';
import { findings } from '../harness/server.ts';
import { freshNumber, startWorld, type World } from '../harness/world.ts';
import { startLedger, type Ledger } from './ledger.ts';
import { correspondent, holdAgainst, sender, subscriber, talker, underLoad, type Party } from './load.ts';
import { rounds, seed } from './options.ts';
import { randomFrom, type Random } from './random.ts';

const senders = 6;
const talkers = 3;

/** Kills it at a random moment: while it serves, or once in a while amid its start. */
async function killAndStart(world: World, random: Random, ledger: Ledger): Promise<void> {
  await delay(200 + random() * 1300);
  await world.server.kill();
  if (random() < 0.25) {
    ledger.life += 1;
    const starting = world.server.start().catch(() => {});
    await delay(random() * 300);
    await world.server.kill();
    await starting;
  }
  assert.equal(await findings(world.server.env), '', 'what the crash left');
  ledger.life += 1;
  await world.server.start();
}

test(`kill -9 at random moments under load, ${rounds} times, loses and doubles nothing`, async (t) => {
  t.diagnostic(`HERMOD_FAULT_SEED=${seed}`);
  const random = randomFrom(seed);
  await using ledger = await startLedger(random);
  await using receiver = await startReceiver();
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox({ delays_ms: { sent: 0, delivered: 50, read: 100 }, network_url: ledger.url });
    const room = await tenant.hermod.conversations.create({ kind: 'group' });
    const parties: Party[] = [
      ...Array.from({ length: senders }, () => sender(tenant, account, freshNumber())),
      ...Array.from({ length: talkers }, (_, at) => talker(tenant, room.id, `talker-${at}`)),
      correspondent(tenant, account, freshNumber()),
      await subscriber(tenant, receiver, random), // the last: by its check nothing is to come
    ];
    await underLoad(parties, async () => {
      for (let round = 0; round < rounds; ++round) {
        await killAndStart(world, random, ledger);
      }
      await delay(200);
    });

    t.diagnostic(`${rounds} rounds: ${await holdAgainst(tenant, ledger, parties)}, ${receiver.received.length} webhook requests`);
  } finally {
    await world.stop(); // and verify
  }
});
