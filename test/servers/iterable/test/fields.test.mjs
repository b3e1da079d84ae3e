// Types of fields: the first touch decides, a mismatch refuses the whole request.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-name': 'spa', fields: 'preset:date,box:object,box.size:long' });
});
after(() => server.stop());
beforeEach(() => server.reset());

const one = (dataFields) => server.bulk([{ email: 'a@x.org', dataFields }]);

async function typeOf(name) {
  return (await server.admin('GET', 'fields'))[name];
}

const FIRST_TOUCH = {
  string: ['"text"', '"2020-04-13 14:04:09.000"', '""'],
  date: ['"2026-01-31 12:00:00 +00:00"', '"2026-01-31T12:00:00Z"'],
  long: ['5', '-0', '9007199254740993'],
  double: ['5.5', '5.0', '1e2'],
  boolean: ['true', 'false'],
  object: ['{}'],
};

for (const [type, values] of Object.entries(FIRST_TOUCH)) {
  test(`the first touch makes a ${type}`, async () => {
    for (const [i, value] of values.entries()) {
      const body = `{"users":[{"email":"a@x.org","dataFields":{"f${i}":${value}}}]}`;
      assert.equal((await server.api('POST', '/api/users/bulkUpdate', body)).status, 200);
      assert.equal(await typeOf(`f${i}`), type, value);
    }
  });
}

test('arrays have the type of their elements, objects have dotted fields', async () => {
  const { body } = await one({
    tags: ['a'],
    ids: [1, 2],
    none: [],
    nil: null,
    o: { in: { x: 1 } },
    l: [{ y: true }],
  });
  assert.deepEqual(body.createdFields, ['tags', 'ids', 'o', 'o.in', 'o.in.x', 'l', 'l.y']);
  const { body: shown } = await server.api('GET', '/api/users/getFields');
  assert.equal(shown.fields.tags, 'string');
  assert.equal(shown.fields.ids, 'long');
  assert.equal(shown.fields['o.in'], 'object');
  assert.equal(shown.fields['l.y'], 'boolean');
  assert.equal(shown.fields.none, undefined);
  assert.equal(shown.fields.email, 'string');
});

test('a mismatch names project, field and value in the shape of the service', async () => {
  const answer = await server.bulk([
    { email: 'a@x.org', dataFields: { fine: 1 } },
    { email: 'b@x.org', dataFields: { preset: '2020-04-13 14:04:09.000', other: true } },
  ]);
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.body, {
    msg:
      'Project spa: The request does not have the same data types as the data previously submitted. ' +
      "Field 'preset' already exists for type 'user' and has a data type of 'date' but possible types " +
      "'string, keyword' in the request.",
    code: 'RequestFieldsTypesMismatched',
    params: {
      validationErrors: {
        'spa:::preset': {
          incomingTypes: ['string', 'keyword'],
          expectedType: 'date',
          category: 'user',
          offendingValue: '2020-04-13 14:04:09.000',
          _type: 'UnexpectedType',
        },
      },
    },
  });
  assert.deepEqual(await server.users(), [], 'the whole batch is refused');
  assert.equal(await typeOf('fine'), undefined, 'and no field is created');
  assert.deepEqual(await server.violations(), [], 'data that clashes is no violation');
});

test('every mismatched field is named once', async () => {
  const { body } = await server.bulk([
    { email: 'a@x.org', dataFields: { preset: 1, box: 'no', ok: 1 } },
    { email: 'b@x.org', dataFields: { preset: 2, box: { size: 'big' } } },
  ]);
  const errors = body.params.validationErrors;
  assert.deepEqual(Object.keys(errors), ['spa:::preset', 'spa:::box', 'spa:::box.size']);
  assert.equal(errors['spa:::preset'].offendingValue, 1);
});

test('users of one batch must agree on a new field', async () => {
  const { status, body } = await server.bulk([
    { email: 'a@x.org', dataFields: { n: 1 } },
    { email: 'b@x.org', dataFields: { n: 'one' } },
  ]);
  assert.equal(status, 400);
  assert.equal(body.params.validationErrors['spa:::n'].expectedType, 'long');
});

const FITS = [
  ['double', 5, true],
  ['double', 'x', false],
  ['long', 5.5, false],
  ['long', '5', false],
  ['string', 5, false],
  ['string', '2026-01-31T12:00:00Z', true],
  ['string', true, false],
  ['boolean', 'true', false],
  ['boolean', 1, false],
  ['date', 1586786649, false],
  ['date', '2026-01-31T12:00:00+02:00', true],
  ['object', 'x', false],
  ['long', [1, 2], true],
  ['long', [1, 'x'], false],
  ['date', null, true],
];
for (const [type, value, fits] of FITS) {
  test(`${JSON.stringify(value)} ${fits ? 'fits' : 'does not fit'} a ${type}`, async () => {
    await server.admin('POST', 'fields', { f: type });
    assert.equal((await one({ f: value })).status, fits ? 200 : 400);
  });
}

test('5.0 does not fit a long', async () => {
  await server.admin('POST', 'fields', { f: 'long' });
  const body = '{"users":[{"email":"a@x.org","dataFields":{"f":5.0}}]}';
  const answer = await server.api('POST', '/api/users/bulkUpdate', body);
  assert.equal(answer.body.code, 'RequestFieldsTypesMismatched');
  assert.match(answer.text, /"offendingValue":5\.0/);
});

test('long integers come back digit for digit', async () => {
  const body = '{"users":[{"email":"a@x.org","dataFields":{"f":9223372036854775807}}]}';
  await server.api('POST', '/api/users/bulkUpdate', body);
  const { text } = await server.api('GET', '/api/users/a@x.org');
  assert.match(text, /"f":9223372036854775807[,}]/);
});

test('dates are kept in UTC', async () => {
  await one({ f: '2026-01-31T12:00:00.500+02:00' });
  assert.equal((await server.users())[0].dataFields.f, '2026-01-31 10:00:00 +00:00');
});
