// The small pure parts: JSON text, dates, identifiers, options.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

import { dateOf, kindOf } from '../lib/fields.mjs';
import { identifierProblem, isEmail, isUserId } from '../lib/identity.mjs';
import { canonical, parse, stringify } from '../lib/json_text.mjs';
import { OPTIONS, parseOptions } from '../lib/options.mjs';
import { parseRates, Rates } from '../lib/rates.mjs';
import { FAULT_KINDS } from '../lib/fault_kinds.mjs';
import { FOLDER } from './harness.mjs';

test('numbers keep what decides their type', () => {
  const text = '{"a":5,"b":5.0,"c":9007199254740993,"d":12.5,"e":-1e3,"f":[0.0],"g":"5.0,1e3"}';
  const { value, duplicates } = parse(text);
  assert.deepEqual(duplicates, []);
  const kinds = Object.entries(value).map(([key, v]) => [key, kindOf(v)]);
  assert.deepEqual(Object.fromEntries(kinds), {
    a: 'long',
    b: 'double',
    c: 'long',
    d: 'double',
    e: 'double',
    f: 'array',
    g: 'string',
  });
  assert.equal(stringify(value), text);
});

test('text comes through the walker as through the native parser', () => {
  const odd = {
    'k"ey\\': 'v\n"\\\u2028',
    nested: [[], {}, [1, [2]], { a: null, b: [true, false] }],
    n: -0.5,
  };
  for (const indent of [undefined, 2]) {
    const text = JSON.stringify({ odd, big: 0 }, null, indent)
      .replace('"big": 0', '"big": 1.0')
      .replace('"big":0', '"big":1.0');
    assert.deepEqual(parse(text).value.odd, odd);
  }
  assert.ok(Object.hasOwn(parse('{"__proto__":1,"x":1.0}').value, '__proto__'));
});

test('repeated keys are found, colons in texts are not keys', () => {
  assert.deepEqual(parse('{"a":1,"b":{"c":1,"c":2}}').duplicates, ['obj.b.c']);
  assert.deepEqual(parse('{"users":[{"x":1},{"email":"a","email":"b"}]}').duplicates, [
    'obj.users[1].email',
  ]);
  assert.deepEqual(parse('{"a":"b\\":","c":":","d":["x",":"]}').duplicates, []);
  assert.throws(() => parse('{"a":}'), SyntaxError);
});

test('canonical text does not depend on the order of keys', () => {
  assert.equal(canonical({ b: [{ d: 1, c: 2 }], a: null }), '{"a":null,"b":[{"c":2,"d":1}]}');
});

test('dates are those that create a date field', () => {
  const dates = {
    '2026-01-31 12:00:00 +00:00': '2026-01-31 12:00:00 +00:00',
    '2026-01-31 12:00:00 -05:30': '2026-01-31 17:30:00 +00:00',
    '2020-08-19T20:50:04.000Z': '2020-08-19 20:50:04 +00:00',
    '2024-02-29T00:30:00+0100': '2024-02-28 23:30:00 +00:00',
  };
  for (const [text, instant] of Object.entries(dates)) assert.equal(dateOf(text), instant);
  const others = [
    '2020-04-13 14:04:09.000',
    '2020-04-13 14:04:09',
    '2020-04-13',
    '2023-02-29T00:00:00Z',
    '2020-13-01T00:00:00Z',
    '2020-01-00T00:00:00Z',
    '2020-01-01T24:00:00Z',
    'GGG',
    '',
    '1586786649',
  ];
  for (const text of others) assert.equal(dateOf(text), null, text);
});

test('e-mails and userIds', () => {
  for (const good of ['a@b.co', "o'brien@spa.test", 'a+b@x.y.museum', 'a&b/c=d@x.org', 'A@X.Org']) {
    assert.ok(isEmail(good), good);
  }
  const bad = [
    '',
    'a',
    'a@b',
    '@b.co',
    'a@',
    'a b@x.org',
    'a@x..org',
    '.a@x.org',
    'a.@x.org',
    'a@-x.org',
    'a@x.org ',
    'a@x.1',
    `${'a'.repeat(65)}@x.org`,
  ];
  for (const text of bad) assert.ok(!isEmail(text), text);
  for (const good of ['1', 'a b', 'x'.repeat(52), '~!@#']) assert.ok(isUserId(good), good);
  for (const text of ['', ' a', 'a ', 'x'.repeat(53), 'é', 'a\tb', 'a\n'])
    assert.ok(!isUserId(text), text);
});

test('the project type decides which identifiers a user may carry', () => {
  assert.equal(identifierProblem('email', { email: 'a' }, false), null);
  assert.equal(identifierProblem('email', { userId: 'a' }, false), null);
  assert.equal(identifierProblem('hybrid', { userId: 'a' }, false), null);
  assert.match(identifierProblem('email', { email: 'a', userId: 'b' }, false), /not both/);
  assert.equal(identifierProblem('email', { email: 'a', userId: 'b' }, true), null);
  assert.match(identifierProblem('userid', { email: 'a' }, false), /userId/);
  assert.match(identifierProblem('hybrid', {}, true), /email or a userId/);
});

test('a bucket gives one second of requests at once, then fills evenly', () => {
  let now = 0;
  const rates = new Rates(parseRates('users/bulkUpdate=4'), () => now);
  const take = () => rates.take('POST users/bulkUpdate');
  assert.deepEqual([take(), take(), take(), take()], [0, 0, 0, 0]);
  assert.equal(take(), 0.25);
  now = 249;
  assert.ok(take() > 0);
  now = 251;
  assert.equal(take(), 0);
  assert.ok(take() > 0);
  now = 10_000;
  assert.deepEqual([take(), take(), take(), take()], [0, 0, 0, 0]);
  assert.ok(take() > 0);
});

test('limits by name, per minute, off, and none', () => {
  const limit = (text, endpoint) => new Rates(parseRates(text), () => 0).limitOf(endpoint);
  assert.deepEqual(limit('', 'POST users/bulkUpdate'), [5, 1]);
  assert.deepEqual(limit('', 'GET lists/getUsers'), [5, 60]);
  assert.deepEqual(limit('users/update=7/min', 'POST users/update'), [7, 60]);
  assert.equal(limit('users/bulkUpdate=off', 'POST users/bulkUpdate'), null);
  assert.deepEqual(limit('DELETE users/{email}=2', 'GET users/{email}'), [100, 1]);
  assert.equal(limit('none', 'POST users/bulkUpdate'), null);
  assert.throws(() => parseRates('users/update'), /NAME=NUMBER/);
});

test('wrong options are refused with the reason', () => {
  assert.throws(() => parseOptions(['--nope', '1']), /unknown option --nope/);
  assert.throws(() => parseOptions(['--project-type', 'mail']), /one of email, userid, hybrid/);
  assert.throws(() => parseOptions(['--port', 'x']), /a number is expected/);
  assert.throws(() => parseOptions(['--strict']), /needs a value/);
  assert.throws(() => parseOptions(['--fields', 'a:int']), /NAME:TYPE/);
});

test('the README names every option and every kind of fault', () => {
  const readme = readFileSync(resolve(FOLDER, 'README.md'), 'utf8');
  for (const name of Object.keys(OPTIONS)) assert.ok(readme.includes(`--${name}`), `--${name}`);
  for (const name of Object.keys(FAULT_KINDS)) assert.ok(readme.includes(`\`${name}\``), name);
});
