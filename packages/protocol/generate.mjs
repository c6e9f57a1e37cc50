#!/usr/bin/env node
// Turns api/{openapi,events,errors}.json into src/generated.ts. With --check it writes nothing and
// fails where the committed file differs. --api FOLDER reads and --out FOLDER writes elsewhere. The
// same input gives the same bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** The TypeScript of one JSON Schema; `depth` is the indentation of the line it stands on. */
export function typeOf(schema, depth = 0) {
  if (schema === true || Object.keys(schema).length === 0) return 'unknown';
  if (schema.$ref) return refName(schema.$ref);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return union(alternatives.map((part) => typeOf(part, depth)));
  if (schema.allOf) return schema.allOf.map((part) => parenthesise(typeOf(part, depth))).join(' & ');
  if (Array.isArray(schema.type))
    return union(schema.type.map((type) => typeOf({ ...schema, type, enum: undefined }, depth)));
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return `${parenthesise(typeOf(schema.items ?? {}, depth))}[]`;
    case 'object': return objectType(schema, depth);
    case undefined: return schema.properties ? objectType(schema, depth) : 'unknown';
    default: throw new Error(`a schema of type ${JSON.stringify(schema.type)} is not understood`);
  }
}

function objectType(schema, depth) {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) {
    const rest = schema.additionalProperties;
    if (rest === false) return 'Record<string, never>';
    return `Record<string, ${typeof rest === 'object' ? typeOf(rest, depth) : 'unknown'}>`;
  }
  const pad = '  '.repeat(depth + 1);
  const required = new Set(schema.required ?? []);
  const lines = properties.map(([name, property]) => {
    const mark = required.has(name) ? '' : '?';
    return `${comment(property.description, pad)}${pad}${key(name)}${mark}: ${typeOf(property, depth + 1)};`;
  });
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

function refName(ref) {
  const match = /^#\/components\/schemas\/([A-Za-z0-9_.-]+)$/.exec(ref);
  if (!match) throw new Error(`$ref ${ref} does not point into components/schemas`);
  return typeName(match[1]);
}

const union = (types) => [...new Set(types)].join(' | ');
const parenthesise = (type) => (/ [|&] /.test(type) && !type.startsWith('{') ? `(${type})` : type);
const typeName = (name) => name.replace(/[^A-Za-z0-9_]/g, '_');
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const comment = (text, pad = '') =>
  text ? `${pad}/** ${text.replace(/\s+/g, ' ').replaceAll('*/', '* /')} */\n` : '';

function declaration(name, schema) {
  const type = typeOf(schema);
  const head = comment(schema.description);
  return type.startsWith('{') && !type.includes('} &') && !type.includes('} |')
    ? `${head}export interface ${typeName(name)} ${type}\n`
    : `${head}export type ${typeName(name)} = ${type};\n`;
}

const reserved = new Set(['EventData', 'EventName', 'HermodEvent', 'ErrorName', 'Routes', 'RouteName', 'errorStatuses']);

/** The schemas of both documents by name; a name with two meanings is refused. */
function mergeSchemas(openapi, events) {
  const all = new Map();
  for (const document of [openapi, events])
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
      const known = all.get(name);
      if (reserved.has(name)) throw new Error(`the schema name ${name} is taken by what is generated`);
      if (known && JSON.stringify(known) !== JSON.stringify(schema))
        throw new Error(`the schema ${name} differs between openapi.json and events.json`);
      all.set(name, schema);
    }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}

function parametersType(parameters, place) {
  const chosen = parameters.filter((parameter) => parameter.in === place);
  if (chosen.length === 0) return 'Record<string, never>';
  const properties = Object.fromEntries(chosen.map(({ name, schema, description }) =>
    [name, description ? { ...schema, description } : schema]));
  const required = chosen.filter((parameter) => parameter.required).map(({ name }) => name);
  return typeOf({ type: 'object', properties, required }, 2);
}

function successOf(operation) {
  const [status, response] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
  if (!status) throw new Error(`${operation.operationId ?? operation.summary} declares no 2xx answer`);
  const content = Object.values(response.content ?? {})[0];
  return { status: Number(status), type: content ? typeOf(content.schema ?? {}, 2) : 'undefined' };
}

/** Every route: `METHOD /path` with the types of its path, query, body and answer. */
function routesOf(openapi) {
  const entries = [];
  for (const path of Object.keys(openapi.paths).sort())
    for (const method of methods) {
      const operation = openapi.paths[path][method];
      if (!operation) continue;
      const parameters = [...(openapi.paths[path].parameters ?? []), ...(operation.parameters ?? [])];
      const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
      const success = successOf(operation);
      entries.push({
        name: `${method.toUpperCase()} ${path}`,
        text: `${comment(operation.summary, '  ')}  ${JSON.stringify(`${method.toUpperCase()} ${path}`)}: {
    path: ${parametersType(parameters, 'path')};
    query: ${parametersType(parameters, 'query')};
    body: ${body ? typeOf(body, 2) : 'undefined'};
    response: ${success.type};
  };`,
      });
    }
  return entries;
}

/** The whole of src/generated.ts. */
export function generate({ openapi, events, errors }) {
  const schemas = mergeSchemas(openapi, events).map(([name, schema]) => declaration(name, schema));
  const routes = routesOf(openapi);
  const eventTypes = [...events.types].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `// Generated by packages/protocol/generate.mjs from api/. Do not edit.

${schemas.join('\n')}
/** What \`data\` of each type of event holds. */
export interface EventData {
${eventTypes.map((type) => `${comment(type.summary, '  ')}  ${JSON.stringify(type.name)}: ${typeOf(type.schema, 1)};`).join('\n')}
}

export type EventName = keyof EventData;

/** One line of a workspace's log, by its type. */
export type HermodEvent = {
  [T in EventName]: {
    /** Where this event stands in the log; give it as \`after\` to go on behind it. */
    cursor: string;
    offset: number;
    id: string;
    type: T;
    conversation_id: string | null;
    created_at: string;
    data: EventData[T];
  };
}[EventName];

/** Every code a problem can have, with its HTTP status. */
export const errorStatuses = {
${[...errors].sort((a, b) => (a.code < b.code ? -1 : 1)).map(({ code, status, title }) => `${comment(title, '  ')}  ${key(code)}: ${status},`).join('\n')}
} as const;

export type ErrorName = keyof typeof errorStatuses;

/** Every route with the types of what goes in and comes out. */
export interface Routes {
${routes.map(({ text }) => text).join('\n')}
}

export type RouteName = keyof Routes;
`;
}

function readApi(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  return { openapi: read('openapi.json'), events: read('events.json'), errors: read('errors.json') };
}

function main(args) {
  const folder = (option, otherwise) =>
    args.includes(option) ? resolve(args[args.indexOf(option) + 1]) : join(here, otherwise);
  const api = folder('--api', '../../api');
  const file = join(folder('--out', 'src'), 'generated.ts');
  const text = generate(readApi(api));
  if (!args.includes('--check')) {
    writeFileSync(file, text);
    return;
  }
  let committed = '';
  try {
    committed = readFileSync(file, 'utf8');
  } catch {
    // A missing file differs, which is what the message below says.
  }
  if (committed !== text) {
    console.error('packages/protocol/src/generated.ts does not fit api/: run script/gen');
    process.exitCode = 1;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
