// All checks of a request's shape: the Swagger (or our own schema), and zod from @iterable/api.
//
// A problem is {source, path, message}: source is 'swagger', 'schema' or 'zod', path is written as
// Iterable does ("obj.users[1].email"). A note is a problem that does not refuse the request: zod
// wants e-mails to be well formed, the server itself takes the request and reports the e-mail in
// failedUpdates, so that this road stays open for tests.

import { existsSync } from 'node:fs';

import { plain } from './json_text.mjs';
import { ownOperations } from './own_schema.mjs';
import { Swagger } from './swagger.mjs';
import { ZOD_RULES } from './zod_rules.mjs';

const ZOD_PACKAGE = '@iterable/api 0.13.0';
const MOST_PROBLEMS = 20;

const EXPECTED = {
  string: 'String value expected',
  number: 'Number value expected',
  integer: 'Integer value expected',
  boolean: 'Boolean value expected',
  array: 'Array value expected',
  object: 'Object value expected',
};

export class Checks {
  /** `swaggerPath`: a file, or null. `zodEmails`: 'report' or 'refuse'. */
  constructor({ swaggerPath, strict, zodEmails }) {
    const found = swaggerPath !== null && existsSync(swaggerPath);
    this.swagger = found ? Swagger.load(swaggerPath, strict) : null;
    this.source = found ? 'swagger' : 'schema';
    this.strict = strict;
    this.zodEmails = zodEmails;
    this.operations = found ? this.swagger.operations : ownOperations(strict);
  }

  /** For the first line: which checks are on. */
  describe() {
    const shape = this.swagger
      ? `Swagger ${this.swagger.version}`
      : 'own schema (no Swagger found)';
    return `${shape}${this.strict ? ' strict' : ''} + zod of ${ZOD_PACKAGE}`;
  }

  /** `request`: {body, query, path}. Returns {problems, notes, values}; values are typed. */
  check(operation, request) {
    const problems = [];
    const values = this.#parameters(operation, request, problems);
    const body = plain(request.body);
    this.#body(operation, body, problems);
    const notes = [];
    const rule = ZOD_RULES[keyOf(operation)];
    for (const issue of rule?.({ body, ...values }) ?? []) {
      const problem = { source: 'zod', path: pathText(issue.path), message: issue.message };
      const shapeOnly = issue.code === 'invalid_format' && issue.format === 'email';
      (shapeOnly && this.zodEmails === 'report' ? notes : problems).push(problem);
    }
    return {
      problems: problems.slice(0, MOST_PROBLEMS),
      notes: notes.slice(0, MOST_PROBLEMS),
      values,
    };
  }

  /** Problems of an answer that this server is about to give; always [] without the Swagger. */
  checkAnswer(operation, status, body) {
    if (this.swagger === null) return [];
    const check = status === 200 ? operation?.answer?.() : this.swagger.envelope;
    if (check === undefined || check === null) return [];
    // Real answers carry "params": null, which the Swagger's object does not allow.
    const seen = body?.params === null ? { ...body, params: undefined } : body;
    if (check(seen)) return [];
    // The Swagger describes the value of a catalog's item as the object that Scala has for it.
    const problems = check.errors.map((e) => problemOf(e, 'swagger'));
    return problems.filter(({ path }) => !/\.value\./.test(path));
  }

  #body(operation, body, problems) {
    if (operation.body === null) return;
    if (body === undefined) {
      if (operation.bodyRequired) {
        problems.push({ source: this.source, path: 'obj', message: 'A body is required' });
      }
      return;
    }
    const check = operation.body();
    if (check(body)) return;
    for (const error of check.errors) problems.push(problemOf(error, this.source));
  }

  #parameters(operation, request, problems) {
    const values = { query: {}, path: {} };
    for (const { in: where, name, required, type } of operation.parameters) {
      const text = request[where][name];
      if (text === undefined) {
        if (required) problems.push({ source: this.source, path: name, message: 'Missing' });
        continue;
      }
      const value = typedValue(text, type);
      if (value === undefined) {
        const message = EXPECTED[type] ?? `${type} expected`;
        problems.push({ source: this.source, path: name, message });
      } else {
        values[where][name] = value;
      }
    }
    return values;
  }
}

export function keyOf(operation) {
  return `${operation.method} ${operation.template}`;
}

function typedValue(text, type) {
  if (type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (type === 'number')
    return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : undefined;
  if (type === 'boolean') return { true: true, false: false }[text];
  return text;
}

function problemOf(error, source) {
  const path = pathText(error.instancePath.split('/').slice(1).map(unescapePointer));
  switch (error.keyword) {
    case 'additionalProperties':
      return {
        source,
        path: `${path}.${error.params.additionalProperty}`,
        message: 'Unknown property',
      };
    case 'required':
      return {
        source,
        path: `${path}.${error.params.missingProperty}`,
        message: 'Value is missing',
      };
    case 'type':
      return { source, path, message: EXPECTED[error.params.type] ?? error.message };
    case 'format':
      return { source, path, message: `No ${error.params.format}` };
    default:
      return { source, path, message: error.message };
  }
}

function unescapePointer(part) {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function pathText(parts) {
  let text = 'obj';
  for (const part of parts) text += /^\d+$/.test(String(part)) ? `[${part}]` : `.${part}`;
  return text;
}
