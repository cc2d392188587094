// GitHub's published description of its REST API (OpenAPI), as checks of single requests and answers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2019 } from 'ajv/dist/2019.js';

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Json;
}

/** One request of the API, checked against the description. Each check gives what is wrong. */
export interface Operation {
  /** Sent to the host for uploads, not to that of the API. */
  readonly isUpload: boolean;
  /** Its body is bytes, not JSON. */
  readonly takesBytes: boolean;
  checkParameters(place: 'path' | 'query', values: Readonly<Record<string, string>>): readonly string[];
  checkBody(body: unknown): readonly string[];
  checkReply(status: number, body: unknown): readonly string[];
}

let loaded: Json | undefined;

/** 13 MB of JSON, read once. */
function description(): Json {
  const path = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  loaded ??= corrected(JSON.parse(readFileSync(path, 'utf8')) as Json);
  return loaded;
}

/** The text of "Upload a release asset" names a state of assets that their schema doesn't have. */
function corrected(document: Json): Json {
  const state = at(document, ['components', 'schemas', 'release-asset', 'properties', 'state']);
  (state?.enum as string[]).push('starter');
  return document;
}

/** Fails for an operation that the description doesn't have. */
export function describeOperation(method: string, template: string): Operation {
  const found = at(description(), ['paths', template, method.toLowerCase()]);
  assert.ok(found, `GitHub has no ${method} ${template}`);
  const parameters = list(found.parameters).map((one) => resolve(one) as unknown as Parameter);
  const body = resolve(at(found, ['requestBody', 'content']) ?? {});
  const json = at(body, ['application/json', 'schema']);
  const takesBytes = 'application/octet-stream' in body;
  const compiled = new Map<string, Check>();
  const check = (name: string, make: () => Check): Check => {
    const known = compiled.get(name) ?? make();
    compiled.set(name, known);
    return known;
  };
  return {
    isUpload: list(found.servers).some((server) => server.url === 'https://uploads.github.com'),
    takesBytes,
    checkParameters: (place, values) =>
      check(place, () => {
        const own = parameters.filter((one) => one.in === place);
        return parameterCheck(place === 'query' && isList(found) ? [...paging, ...own] : own);
      })({ ...values }),
    checkBody(value) {
      if (takesBytes) return [];
      if (json === undefined) return value === undefined ? [] : ['a body, where none belongs'];
      if (value === undefined) {
        return at(found, ['requestBody'])?.required === true ? ['no body, where one belongs'] : [];
      }
      return check('body', () => schemaCheck(json))(value);
    },
    checkReply(status, value) {
      const reply = at(found, ['responses', String(status)]);
      const content = reply === undefined ? undefined : at(resolve(reply), ['content', 'application/json']);
      if (content?.schema === undefined && status < 400) {
        return reply === undefined ? [`the status ${status}`] : value === undefined ? [] : ['a body'];
      }
      // Not every error that GitHub gives is listed with each request.
      const error = status === 422 ? 'validation-error' : 'basic-error';
      const schema = (content?.schema ?? { $ref: `#/components/schemas/${error}` }) as Json;
      return check(String(status), () => schemaCheck(schema))(value);
    },
  };
}

/** GitHub pages every list, also where the description doesn't say so, as for the versions of a user's package. */
const paging: readonly Parameter[] = ['page', 'per_page'].map((name) => {
  return { name, in: 'query', schema: { type: 'integer' } };
});

function isList(operation: Json): boolean {
  const reply = at(operation, ['responses', '200', 'content', 'application/json', 'schema']);
  return reply !== undefined && resolve(reply).type === 'array';
}

type Check = (value: unknown) => readonly string[];

function parameterCheck(parameters: readonly Parameter[]): Check {
  return schemaCheck(
    {
      type: 'object',
      properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
      required: parameters.filter(({ required }) => required).map(({ name }) => name),
    },
    // Everything in a URL is text.
    true,
  );
}

function schemaCheck(schema: Json, coerceTypes = false): Check {
  const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true, coerceTypes });
  const validate = ajv.compile({ ...closed(schema), components: needed(schema) });
  return (value) =>
    validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message = '', params }) => {
          return `${instancePath} ${message} ${JSON.stringify(params)}`.trim();
        });
}

/** No field that the description doesn't have; in lists, of none of the items. */
function closed(schema: Json): Json {
  const plain = resolve(schema);
  if (plain.type === 'array') return { type: 'array', items: closed(plain.items as Json) };
  return { allOf: [schema], unevaluatedProperties: false };
}

/** The part of the description that a schema refers to. */
function needed(schema: Json): Json {
  const schemas: Record<string, unknown> = {};
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      if (key !== '$ref' || typeof part !== 'string') {
        visit(part);
        continue;
      }
      const name = part.replace('#/components/schemas/', '');
      if (name in schemas) continue;
      schemas[name] = resolve({ $ref: part });
      visit(schemas[name]);
    }
  };
  visit(schema);
  return { schemas };
}

function resolve(value: Json): Json {
  if (typeof value.$ref !== 'string') return value;
  return at(description(), value.$ref.slice(2).split('/')) ?? assert.fail(`no ${value.$ref}`);
}

function at(value: Json, keys: readonly string[]): Json | undefined {
  let found: unknown = value;
  for (const key of keys) found = (found as Json | undefined)?.[key];
  return found as Json | undefined;
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
