// Iterable's Swagger 2.0 document as a set of checks.
//
// The document itself is not part of this repository; where it is not to be had the server runs
// with the schemas of own_schema.mjs. Swagger leaves additional properties open; a writer must not
// send what the vendor does not know, so `strict` closes every object that lists its properties.

import { readFileSync } from 'node:fs';

import Ajv from 'ajv';

const COPIED = [
  'type',
  'enum',
  'required',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'pattern',
];
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** Swagger schema → JSON Schema (draft 7). `closed`: refuse properties that are not listed. */
export function toJsonSchema(schema, closed) {
  if (schema.$ref !== undefined) return { $ref: schema.$ref };
  const out = {};
  for (const key of COPIED) if (schema[key] !== undefined) out[key] = schema[key];
  if (['int32', 'int64', 'date-time'].includes(schema.format)) out.format = schema.format;
  if (schema.items !== undefined) out.items = toJsonSchema(schema.items, closed);
  if (schema.properties !== undefined) {
    out.properties = mapValues(schema.properties, (s) => toJsonSchema(s, closed));
    if (closed && schema.additionalProperties === undefined) out.additionalProperties = false;
  }
  if (typeof schema.additionalProperties === 'object') {
    out.additionalProperties = toJsonSchema(schema.additionalProperties, closed);
  } else if (schema.additionalProperties !== undefined) {
    out.additionalProperties = schema.additionalProperties;
  }
  return out;
}

export function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** An Ajv that knows Swagger's number formats and reports every error. */
export function newAjv() {
  const ajv = new Ajv({ allErrors: true, strict: false, coerceTypes: false });
  const number = (validate) => ({ type: 'number', validate });
  ajv.addFormat(
    'int32',
    number((n) => Number.isInteger(n) && Math.abs(n) < 2 ** 31),
  );
  ajv.addFormat(
    'int64',
    number((n) => Number.isSafeInteger(n)),
  );
  ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
  return ajv;
}

export class Swagger {
  constructor(document, strict) {
    this.version = document.info.version;
    this.operations = [];
    this.requests = newAjv();
    this.answers = newAjv();
    // Answers: the lists of real projects have `createdAt` in milliseconds, which Swagger calls
    // int32 and which cannot fit; so the range is not checked there.
    this.answers.addFormat('int32', true);
    this.#addDefinitions(this.requests, document.definitions, strict);
    this.#addDefinitions(this.answers, document.definitions, true);
    for (const [template, item] of Object.entries(document.paths)) {
      for (const method of METHODS) {
        if (item[method] !== undefined) this.#addOperation(method, template, item[method], strict);
      }
    }
  }

  static load(path, strict) {
    return new Swagger(JSON.parse(readFileSync(path, 'utf8')), strict);
  }

  /** Validator of the error envelope that every endpoint shares. */
  get envelope() {
    this.envelopeCheck ??= this.answers.compile({ $ref: 'api#/definitions/IterableApiResponse' });
    return this.envelopeCheck;
  }

  #addDefinitions(ajv, definitions, closed) {
    ajv.addSchema({ definitions: mapValues(definitions, (d) => toJsonSchema(d, closed)) }, 'api');
  }

  #addOperation(method, template, operation, strict) {
    const parameters = operation.parameters ?? [];
    const body = parameters.find((p) => p.in === 'body');
    const answer = operation.responses['200']?.schema;
    // Each is compiled once, when the first request needs it: all at the start would take longer.
    const lazy = (ajv, schema, closed) => {
      let check = null;
      return () => (check ??= ajv.compile(inApi(toJsonSchema(schema, closed))));
    };
    this.operations.push({
      method: method.toUpperCase(),
      template,
      parameters: parameters.filter((p) => p.in === 'query' || p.in === 'path'),
      bodyRequired: body?.required ?? false,
      body: body ? lazy(this.requests, body.schema, strict) : null,
      answer: answer ? lazy(this.answers, answer, true) : null,
    });
  }
}

/** Points "#/definitions/X" of an inline schema at the document registered as "api". */
function inApi(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/definitions/', '"api#/definitions/'));
}
