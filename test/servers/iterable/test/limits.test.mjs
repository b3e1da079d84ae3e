// Keys, sizes, rates, daily caps.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { KEY, send, start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'max-body-bytes': 2000 });
});
after(() => server.stop());
beforeEach(async () => {
  await server.reset();
  await server.admin('POST', 'settings', { rate: 'none', retry_after: true });
});

const BULK = '/api/users/bulkUpdate';
const bulkWith = (headers, path = BULK) =>
  send(server.url, 'POST', path, { users: [{ email: 'a@x.org' }] }, headers);

test('the key is asked for in the header, in either spelling', async () => {
  for (const headers of [{}, { 'Api-Key': 'other' }]) {
    const { status, body } = await bulkWith(headers);
    assert.equal(status, 401);
    assert.deepEqual(
      [body.code, body.msg, body.params.endpoint],
      ['BadApiKey', 'Invalid API key', BULK],
    );
  }
  assert.equal((await bulkWith({ Api_Key: KEY })).status, 200);
  assert.equal((await bulkWith({}, `${BULK}?api_key=${KEY}`)).status, 401);
  assert.deepEqual(await server.violations(), ['api-key-in-url']);
});

test('a batch of more than 1,000 people is too large', async () => {
  await server.admin('POST', 'settings', { max_body_bytes: 4000000 });
  const users = Array.from({ length: 1001 }, (_, i) => ({ email: `u${i}@x.org` }));
  const refused = await server.bulk(users);
  const taken = await server.bulk(users.slice(1));
  await server.admin('POST', 'settings', { max_body_bytes: 2000 });
  assert.deepEqual([refused.status, refused.body.code], [400, 'BatchTooLarge']);
  assert.equal(taken.body.successCount, 1000);
});

test('a body beyond the limit is too large, one at the limit is not', async () => {
  const body = (size) => {
    const start = '{"users":[{"email":"a@x.org","dataFields":{"f":"';
    const end = '"}}]}';
    return start + 'x'.repeat(size - start.length - end.length) + end;
  };
  const over = await server.api('POST', BULK, body(2001));
  assert.deepEqual([over.status, over.body.code], [400, 'BatchTooLarge']);
  assert.equal((await server.api('POST', BULK, body(100000))).body.code, 'BatchTooLarge');
  assert.equal((await server.api('POST', BULK, body(2000))).status, 200);
});

test('beyond the rate there is 429, with the seconds to wait', async () => {
  await server.admin('POST', 'settings', { rate: 'users/bulkUpdate=2' });
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await server.bulk([{ email: `${i}@x.org` }]));
  assert.deepEqual(
    answers.map((a) => a.status),
    [200, 200, 429],
  );
  assert.deepEqual(answers[2].body, {
    msg: 'Exceeded rate limit.',
    code: 'RateLimitExceeded',
    params: null,
  });
  assert.equal(answers[2].headers['retry-after'], '1');
  assert.equal((await server.users()).length, 2, 'what was limited did not happen');
  await new Promise((done) => setTimeout(done, 1000));
  assert.equal((await server.bulk([{ email: '2@x.org' }])).status, 200);
});

test('the service as documented gives five bulk updates a second', async () => {
  await server.admin('POST', 'settings', { rate: '' });
  const statuses = await Promise.all(
    Array.from(
      { length: 8 },
      async (_, i) => (await server.bulk([{ email: `${i}@x.org` }])).status,
    ),
  );
  assert.equal(statuses.filter((status) => status === 200).length, 5);
});

test('Retry-After can be left out', async () => {
  await server.admin('POST', 'settings', { rate: 'users/bulkUpdate=1', retry_after: false });
  await server.bulk([]);
  const { status, headers } = await server.bulk([]);
  assert.deepEqual([status, headers['retry-after']], [429, undefined]);
});

test('a thousand are forgotten a day, the clock may jump', async () => {
  const people = Array.from({ length: 1001 }, (_, i) => ({ email: `u${i}@x.org` }));
  await server.admin('POST', 'settings', { max_users: 2000, max_body_bytes: 4000000 });
  await server.bulk(people);
  const forget = (user) => server.api('POST', '/api/users/forget', user);
  const statuses = new Set();
  for (const user of people.slice(1)) statuses.add((await forget(user)).status);
  assert.deepEqual([...statuses], [200]);
  const capped = await forget(people[0]);
  assert.deepEqual([capped.status, capped.body.code], [429, 'RateLimitExceeded']);
  assert.ok(Number(capped.headers['retry-after']) > 80000);
  await server.admin('POST', 'clock', { offset_seconds: 24 * 60 * 60 + 1 });
  assert.equal((await forget(people[0])).status, 200);
  await server.admin('POST', 'clock', { offset_seconds: 0 });
  await server.admin('POST', 'settings', { max_users: 1000, max_body_bytes: 2000 });
});
