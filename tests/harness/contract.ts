// Holds every answer and every event against api/: what it does not declare must not happen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { root } from './server.ts';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  format?: string;
  default?: unknown;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

interface Content { [type: string]: { schema: Schema } }

export interface Operation {
  summary?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content; 'x-codes'?: string[] }>;
}

export interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

interface EventsDocument {
  types: { name: string; area: string; summary: string; schema: Schema }[];
  components: { schemas: Record<string, Schema> };
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(root, 'api', name), 'utf8')) as T;

export const openapi = read<OpenApi>('openapi.json');
export const eventsDocument = read<EventsDocument>('events.json');
export const errorStatuses = new Map(
  read<{ code: string; status: number }[]>('errors.json').map(({ code, status }) => [code, status]));

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (instance: Ajv2020) => void)(ajv);
ajv.addSchema(openapi as object, 'openapi');
ajv.addSchema(eventsDocument as object, 'events');

const compiled = new Map<string, ValidateFunction>();

function validatorAt(document: string, ...path: string[]): ValidateFunction {
  const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const reference = `${document}#/${pointer}`;
  let validate = compiled.get(reference);
  if (!validate) {
    validate = ajv.compile({ $ref: reference });
    compiled.set(reference, validate);
  }
  return validate;
}

const explain = (validate: ValidateFunction) =>
  (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`).join('; ');

interface MatchedRoute { template: string; method: string; operation: Operation }

/** The declared route of a request; a literal segment wins over a parameter. */
export function findRoute(method: string, path: string): MatchedRoute | null {
  const segments = path.split('/');
  const fits = (template: string) => {
    const parts = template.split('/');
    return parts.length === segments.length && parts.every((part, at) => part === segments[at] || (part.startsWith('{') && segments[at] !== ''));
  };
  const score = (template: string) => template.split('/').map((part) => (part.startsWith('{') ? '1' : '0')).join('');
  const template = Object.keys(openapi.paths).filter(fits).sort((a, b) => (score(a) < score(b) ? -1 : 1))[0];
  const operation = template === undefined ? undefined : openapi.paths[template]?.[method.toLowerCase()];
  return template && operation ? { template, method: method.toLowerCase(), operation } : null;
}

/** What is wrong with an answer; empty where nothing is. */
export function checkResponse(method: string, url: URL, response: Response, text: string): string[] {
  const problems: string[] = [];
  if (!response.headers.get('x-request-id')) problems.push('has no X-Request-Id');
  if (response.status >= 500 && response.status !== 503) problems.push(`is a ${response.status}: ${text}`);
  const route = findRoute(method, url.pathname);
  if (response.status >= 400) problems.push(...checkProblem(response, text));
  if (!route) {
    if (response.status !== 404 && response.status !== 405) problems.push(`is a ${response.status} of a route that is not declared`);
    return problems;
  }
  const declared = route.operation.responses[String(response.status)];
  if (!declared) return [...problems, `has the status ${response.status}, which is not declared: ${text}`];
  const code = response.status >= 400 ? (JSON.parse(text) as { code: string }).code : null;
  if (code && !declared['x-codes']?.includes(code)) problems.push(`has the code ${code}, which is not declared`);
  return [...problems, ...checkBody(route, response, declared.content, text)];
}

function checkBody(route: MatchedRoute, response: Response, content: Content | undefined, text: string): string[] {
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  if (!content) return text === '' ? [] : ['has a body that is not declared'];
  if (!content[type]) return [`is ${type || 'without a type'}, which is not declared`];
  if (!/json$/.test(type)) return [];
  const validate = validatorAt('openapi', 'paths', route.template, route.method, 'responses', String(response.status), 'content', type, 'schema');
  try {
    return validate(JSON.parse(text)) ? [] : [`does not fit its schema: ${explain(validate)}`];
  } catch {
    return ['is not JSON'];
  }
}

function checkProblem(response: Response, text: string): string[] {
  if (!(response.headers.get('content-type') ?? '').startsWith('application/problem+json')) return ['is not application/problem+json'];
  const problem = JSON.parse(text) as { code: string; status: number; request_id: string };
  const wrong: string[] = [];
  if (errorStatuses.get(problem.code) !== response.status) wrong.push(`has the code ${problem.code} with the status ${response.status}`);
  if (problem.status !== response.status) wrong.push(`says status ${problem.status} but has ${response.status}`);
  if (problem.request_id !== response.headers.get('x-request-id')) wrong.push('says another request_id than X-Request-Id');
  if ([429, 503].includes(response.status) && !response.headers.get('retry-after')) wrong.push('has no Retry-After');
  return wrong;
}

/** Whether a value fits the body that a route takes. */
export function fitsBody(method: string, template: string, value: unknown): boolean {
  return validatorAt('openapi', 'paths', template, method, 'requestBody', 'content', 'application/json', 'schema')(value) as boolean;
}

/** What is wrong with an event's `data`; empty where nothing is. */
export function checkEvent(event: { type: string; data: unknown }): string[] {
  const at = eventsDocument.types.findIndex(({ name }) => name === event.type);
  if (at < 0) return [`the event ${event.type} is not declared`];
  const validate = validatorAt('events', 'types', String(at), 'schema');
  return validate(event.data) ? [] : [`the event ${event.type} does not fit its schema: ${explain(validate)}`];
}
