// People from CSV, in the background: each row by itself right or wrong, none done twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

async function finished(of: Tenant, id: string) {
  for (;;) {
    const now = await of.hermod.people.imports.get(id);
    assert.ok(now.done <= now.rows && now.done === now.created + now.updated + now.skipped + now.failed);
    if (now.state === 'done') return now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const byExternalId = async (id: string) => (await tenant.hermod.people.list({ external_id: id }).page()).data[0];

test('rows make and change people, and tell what is wrong with them', async () => {
  await tenant.hermod.people.attributes.set('visits', { type: 'number' });
  const known = await tenant.hermod.people.upsert('i1', { name: 'Old', attributes: { plan: 'gold' } });
  const log = tenant.log();
  await log.drain();

  const begun = await tenant.hermod.people.imports.create({
    csv: '\ufeffExternal_ID;Full name;phone;email;attributes.visits\r\n'
      + 'i1;"Ana ""the first""; indeed";+12025550170;;12\r\n'
      + 'i2;Bo;;bo@example.com;\r\n'
      + 'i3;Cy;12;nobody;many\r\n'
      + 'i4;Di;+12025550170;;1\r\n'
      + ';Ed;;;\r\n'
      + 'i6;too few\r\n',
    mapping: [{ column: 'Full name', field: 'name' }],
  });

  assert.equal(begun.state, 'queued');
  assert.deepEqual([begun.rows, begun.done, begun.errors, begun.finished_at], [6, 0, [], null]);
  const done = await finished(tenant, begun.id);
  assert.deepEqual([done.rows, done.done, done.created, done.updated, done.skipped, done.failed], [6, 6, 1, 1, 0, 4]);
  assert.deepEqual(done.errors.map(({ row, field }) => [row, field]),
    [[4, 'phone'], [4, 'email'], [4, 'attributes.visits'], [5, 'external_id'], [6, null], [7, null]]);
  assert.ok(done.finished_at);
  assert.deepEqual((await tenant.hermod.people.imports.errors(begun.id, { limit: 4 }).page()).data, done.errors.slice(0, 4));
  const walked = [];
  for await (const error of tenant.hermod.people.imports.errors(begun.id, { limit: 2 })) walked.push(error);
  assert.deepEqual(walked, done.errors);
  const ana = await byExternalId('i1');
  assert.deepEqual([ana?.id, ana?.name, ana?.attributes], [known.id, 'Ana "the first"; indeed', { plan: 'gold', visits: 12 }]);
  assert.equal(await byExternalId('i3'), undefined);
  const events = await log.drain();
  assert.deepEqual(events.map(({ type }) => type), ['person.updated', 'person.created', 'import.finished']);
  assert.deepEqual(events[2]?.data, { import: done });
});

test('a phone finds a person before an e-mail address, and skip leaves whom it finds', async () => {
  const one = await tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+12025550171' }] });
  const csv = 'email,phone,name\nnew@example.com,+1 202 555 0171,Named\n';

  const skipped = await finished(tenant, (await tenant.hermod.people.imports.create({ csv, on_conflict: 'skip' })).id);
  assert.deepEqual([skipped.skipped, (await tenant.hermod.people.get(one.id)).name], [1, null]);
  const updated = await finished(tenant, (await tenant.hermod.people.imports.create({ csv })).id);
  assert.equal(updated.updated, 1);
  const now = await tenant.hermod.people.get(one.id);
  assert.deepEqual([now.name, now.addresses.map(({ kind }) => kind)], ['Named', ['email', 'phone']]);
  assert.equal((await finished(tenant, (await tenant.hermod.people.imports.create({ csv })).id)).skipped, 1);
});

for (const [what, body, field] of [
  ['no header', { csv: '\n' }, 'csv'],
  ['no row', { csv: 'phone\n' }, 'csv'],
  ['an unknown column', { csv: 'phone,Shoe size\n1,2\n' }, 'csv'],
  ['nobody to find', { csv: 'name\nAna\n' }, 'csv'],
  ['two names', { csv: 'phone,name,Name\n1,2,3\n' }, 'csv'],
  ['an open quote', { csv: 'phone,name\n+12025550100,"Ana\n' }, 'csv'],
  ['a quote within', { csv: 'phone,name\n+12025550100,5" pipe\n' }, 'csv'],
  ['a huge field', { csv: `phone,name\n+12025550100,${'x'.repeat(16385)}\n` }, 'csv'],
  ['a mapping of no column', { csv: 'phone\n1\n', mapping: [{ column: 'Phone', field: 'phone' }] }, 'mapping[0].column'],
  ['a mapping to no field', { csv: 'phone\n1\n', mapping: [{ column: 'phone', field: 'fax' }] }, 'mapping[0].field'],
] as const)
  test(`a file with ${what} is refused whole`, async () => {
    const answer = await tenant.raw('POST', '/api/v1/people/import', { json: body });

    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.code, 'invalid_body');
    assert.equal(answer.body.errors[0].field, field);
  });

test('more rows than an import takes are refused', async () => {
  const csv = `phone\n${'+12025550100\n'.repeat(20001)}`;

  await assert.rejects(tenant.hermod.people.imports.create({ csv }), { code: 'limit_reached' });
});

test('declared attributes are held to their type, and a strict workspace takes no others', async () => {
  const strict = await world.tenant();
  const { attributes } = strict.hermod.people;
  const log = strict.log();
  await log.drain();
  for (const type of ['text', 'number', 'boolean', 'date', 'list'] as const) await attributes.set(`a_${type}`, { type });
  assert.deepEqual((await attributes.list().page()).data.map(({ key, type }) => [key, type]),
    [['a_boolean', 'boolean'], ['a_date', 'date'], ['a_list', 'list'], ['a_number', 'number'], ['a_text', 'text']]);

  const good = { a_text: 'x', a_number: 1.5, a_boolean: false, a_date: '2026-11-21', a_list: ['x', 1], other: {} };
  const made = await strict.hermod.people.create({ attributes: good });
  assert.deepEqual(made.attributes, good);
  const bad = { a_text: 1, a_number: '1', a_boolean: 0, a_date: '2026-02-30', a_list: 'x' };
  for (const [method, path] of [['POST', '/people'], ['PATCH', `/people/${made.id}`], ['PUT', '/people/by_external_id/x']]) {
    const answer = await strict.raw(method ?? '', `/api/v1${path}`, { json: { attributes: bad } });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.errors.map((error: { field: string }) => error.field), Object.keys(bad).map((key) => `attributes.${key}`));
  }

  assert.deepEqual(await attributes.updateSettings({ strict: true }), { strict: true });
  assert.deepEqual(await attributes.settings(), { strict: true });
  await assert.rejects(strict.hermod.people.update(made.id, { attributes: { other: 1 } }), { code: 'invalid_body' });
  await attributes.delete('a_text');
  await assert.rejects(attributes.delete('a_text'), { code: 'attribute_not_found', status: 404 });
  await assert.rejects(attributes.set('1st', { type: 'text' }), { code: 'invalid_body' });
  assert.deepEqual((await log.drain()).map(({ type }) => type).filter((type) => type.startsWith('attribute')),
    [...Array.from({ length: 5 }, () => 'attribute.updated'), 'attribute_settings.updated', 'attribute.deleted']);
  assert.deepEqual((await tenant.hermod.people.attributes.settings()), { strict: false });
});

test('kill -9 amid an import does no row twice and leaves none out', async () => {
  const own = await startWorld();
  try {
    const busy = await own.tenant();
    const rows = 1500;
    const csv = `external_id,name,phone\n${Array.from({ length: rows }, (_, at) => `k${at},N${at},+1202556${String(at).padStart(4, '0')}`).join('\n')}\n`;
    const begun = await busy.hermod.people.imports.create({ csv });
    let seen = 0;
    for (let life = 0; life < 3; ++life) {
      while (seen < rows) {
        const now = (await busy.hermod.people.imports.get(begun.id)).done;
        if (now > seen) {
          seen = now;
          break;
        }
      }
      await own.server.kill();
      await own.server.start();
    }

    const done = await finished(busy, begun.id);

    assert.deepEqual([done.done, done.created, done.updated, done.failed], [rows, rows, 0, 0]);
    const log = busy.log();
    const events = await log.drain();
    assert.equal(events.filter(({ type }) => type === 'person.created').length, rows + 2, 'the owner, the key, and each row once');
    assert.equal(events.filter(({ type }) => type === 'import.finished').length, 1);
  } finally {
    await own.stop();
  }
});
