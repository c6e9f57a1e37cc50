// For every route of api/openapi.json: whatever does not fit its schema is refused with the right
// problem, the field named, and nothing done.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openapi, type Operation, type Parameter } from '../harness/contract.ts';
import { mutations, sample, unknownId } from '../harness/samples.ts';
import { startWorld, type Raw, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

interface Route {
  name: string;
  method: string;
  template: string;
  operation: Operation;
  parameters: Parameter[];
}

const routes: Route[] = Object.entries(openapi.paths).flatMap(([template, item]) =>
  Object.entries(item).flatMap(([method, operation]) => template.startsWith('/api/') && operation.responses ? [{
    name: `${method.toUpperCase()} ${template}`,
    method: method.toUpperCase(),
    template,
    operation,
    parameters: operation.parameters ?? [],
  }] : []));

const isOpen = ({ operation }: Route) => operation.security?.length === 0;
const bodySchema = ({ operation }: Route) => Object.values(operation.requestBody?.content ?? {})[0]?.schema;
// What a schema cannot say: of these optional fields one is needed.
const needed: Record<string, Record<string, unknown>> = {
  'POST /api/v1/conversations/{conversation_id}/messages': { text: 'x' },
  'POST /api/v1/conversations/{conversation_id}/read': { seq: 0 },
  'POST /api/v1/messages': { text: 'x' },
  'PATCH /api/v1/messages/{message_id}': { text: 'x' },
  'POST /api/v1/webhooks/{webhook_id}/replay': { since: '2020-01-01T00:00:00Z' },
  // And what a text must hold.
  'POST /api/v1/people/import': { csv: 'name,phone\nAna,+12025550100\n', mapping: [] },
};
/** A body that nothing is wrong with. */
const goodBody = (route: Route): unknown => {
  const schema = bodySchema(route);
  return schema && { ...(sample(schema) as object), ...needed[route.name] };
};
const idsOf = (route: Route) => route.parameters.filter((one) => one.in === 'path' && one.schema.pattern);

/** The path with ids that are well-formed and nobody's. */
const pathOf = (route: Route, replace: Record<string, string> = {}) =>
  route.template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const pattern = route.parameters.find((one) => one.name === name && one.in === 'path')?.schema.pattern;
    return replace[name] ?? (pattern ? unknownId(pattern) : 'unknown');
  });

const requiredQuery = (route: Route) => {
  const pairs = route.parameters.filter((one) => one.in === 'query' && one.required).map(({ name, schema }) => `${name}=${sample(schema)}`);
  return pairs.length ? `?${pairs.join('&')}` : '';
};

function expectProblem(answer: Raw, status: number, code: string, what: string): void {
  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  assert.equal(answer.body?.code, code, `${what}: ${answer.text}`);
}

function expectField(answer: Raw, field: string, what: string): void {
  const named = (answer.body.errors as { field: string }[]).map((error) => error.field);
  assert.ok(named.includes(field), `${what}: the problem names ${JSON.stringify(named)}, not ${field}`);
}

test('there are routes to try', () => assert.ok(routes.length > 30, `${routes.length}`));

for (const route of routes)
  describe(route.name, { concurrency: 4 }, () => {
    const schema = bodySchema(route);
    const raw = (options: Parameters<Tenant['raw']>[2] = {}, path = pathOf(route)) =>
      isOpen(route) ? world.raw(route.method, path, options) : tenant.raw(route.method, path, options);

    if (!isOpen(route))
      test('needs credentials', async () => {
        const json = goodBody(route);

        expectProblem(await world.raw(route.method, pathOf(route), { json }), 401, 'unauthenticated', 'no token');
        expectProblem(await world.raw(route.method, pathOf(route), { json, token: 'hk_live_nobody' }), 401, 'unauthenticated', 'a wrong key');
      });

    if (schema) {
      test('refuses a body that is not JSON', async () => {
        for (const body of ['{', '', '{"a":1}{"b":2}', "{'a':1}", '{"a":NaN}', '\u00ff\u00fe', `${'['.repeat(200)}${']'.repeat(200)}`])
          expectProblem(await raw({ body, headers: { 'content-type': 'application/json' } }), 400, 'malformed_json', JSON.stringify(body.slice(0, 30)));
      });

      test('refuses a body of another media type', async () => {
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'json'])
          expectProblem(await raw({ body: JSON.stringify(sample(schema)), headers: { 'content-type': type } }), 415, 'unsupported_media_type', type);
      });

      test('refuses what does not fit, and names the field', async () => {
        for (const { field, why, value } of mutations(schema)) {
          const what = `${field || 'the body'} ${why}`;
          const answer = await raw({ json: value });
          expectProblem(answer, 422, 'invalid_body', what);
          expectField(answer, field, what);
        }
      });
    }

    const query = route.parameters.filter((one) => one.in === 'query');
    test('refuses query parameters that are unknown, doubled or of the wrong form', async () => {
      const json = goodBody(route);
      const tries: [string, string][] = [['no_such_parameter=1', 'no_such_parameter']];
      for (const { name, schema: type } of query) {
        const types = [type.type ?? []].flat();
        if (types.includes('integer')) {
          for (const value of ['x', '', '1.5', '99999999999999999999', ...(type.minimum === undefined ? [] : [String(type.minimum - 1)]),
            ...(type.maximum === undefined || type.maximum > 1e9 ? [] : [String(type.maximum + 1)])])
            tries.push([`${name}=${value}`, name]);
        } else if (type.pattern || type.enum || type.format) tries.push([`${name}=nonsense`, name]);
        if (type.maxLength !== undefined && type.maxLength < 1000) tries.push([`${name}=${'a'.repeat(type.maxLength + 1)}`, name]);
        tries.push([`${name}=1&${name}=1`, name]);
      }
      for (const [text, field] of tries) {
        const answer = await raw({ json }, `${pathOf(route)}?${text}`);
        expectProblem(answer, 400, 'invalid_query', text.slice(0, 60));
        expectField(answer, field, text.slice(0, 60));
      }
    });

    for (const parameter of idsOf(route))
      test(`knows no ${parameter.name} that is not one, or not there`, async () => {
        const json = goodBody(route);
        const whole = unknownId(parameter.schema.pattern ?? '');
        const code = route.operation.responses['404'] ? /_not_found$/ : /./;
        for (const id of [whole, 'x', '%20', '%00', whole.toUpperCase(), `${whole}0`, whole.slice(0, -1), whole.replace(/^[a-z]+/, 'zzz'), `${whole}%2F..`, '..%2f..%2fetc']) {
          const answer = await raw({ json }, `${pathOf(route, { [parameter.name]: id })}${requiredQuery(route)}`);
          assert.ok(answer.status === 404 || (answer.status === 400 && id.includes('%')), `${id}: ${answer.status} ${answer.text}`);
          if (answer.status === 404) assert.match(answer.body.code, code, id);
        }
      });
  });

test('nothing of all this was done', async () => {
  assert.deepEqual((await tenant.hermod.conversations.list().page()).data, []);
  assert.deepEqual((await tenant.hermod.accounts.list().page()).data, []);
  assert.deepEqual((await tenant.hermod.people.list({ kind: 'contact' }).page()).data, []);
});
