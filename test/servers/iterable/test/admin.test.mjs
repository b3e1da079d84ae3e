// The admin interface: logs, dumps, settings.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KEY, send, start } from './harness.mjs';

test('the log of requests says who asked what, and keeps bodies if told to', async () => {
  const server = await start({ 'keep-bodies': 'true' });
  await server.bulk([{ email: 'a@x.org' }, { email: 'bad' }]);
  await server.api('GET', '/api/users/getFields');
  const [first, second] = await server.admin('GET', 'requests');
  assert.equal(first.endpoint, 'POST users/bulkUpdate');
  assert.deepEqual([first.status, first.users, first.failed, first.committed], [200, 2, 1, true]);
  assert.equal(JSON.parse(first.body).users[0].email, 'a@x.org');
  assert.match(first.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    [second.seq, second.endpoint, second.body],
    [2, 'GET users/getFields', undefined],
  );
  assert.equal((await server.admin('GET', 'requests?since=1')).length, 1);
  assert.equal((await server.admin('GET', 'requests?endpoint=users/bulkUpdate')).length, 1);
  const stats = await server.admin('GET', 'stats');
  assert.deepEqual(stats.answers, { 'GET users/getFields 200': 1, 'POST users/bulkUpdate 200': 1 });
  assert.deepEqual([stats.users, stats.acknowledged], [1, 1]);
  await server.stop();
});

test('dumps of equal projects are equal text, whatever the order of writing', async () => {
  const dumps = [];
  const people = [
    { email: 'b@x.org', dataFields: { y: 1, x: { q: 1, p: 2 } } },
    { email: 'a@x.org', dataFields: { x: { p: 1, q: 3 } } },
  ];
  for (const users of [people, [...people].reverse()]) {
    const server = await start();
    await server.bulk(users);
    const { text } = await send(server.url, 'GET', '/__admin/users?format=jsonl', undefined, {});
    dumps.push([text, await server.admin('GET', 'users?format=digest')]);
    await server.stop();
  }
  assert.deepEqual(dumps[0], dumps[1]);
  assert.equal(
    dumps[0][0],
    '{"dataFields":{"x":{"p":1,"q":3}},"email":"a@x.org"}\n{"dataFields":{"x":{"p":2,"q":1},"y":1},"email":"b@x.org"}\n',
  );
});

test('requests that come at the same time do not lose each other', async () => {
  const server = await start();
  const batches = Array.from({ length: 10 }, (_, b) =>
    Array.from({ length: 100 }, (_, i) => ({
      email: `u${b}-${i}@x.org`,
      dataFields: { [`f${b}`]: i },
    })),
  );
  await Promise.all(batches.map((users) => server.bulk(users)));
  assert.equal((await server.users()).length, 1000);
  const { status } = await send(server.url, 'GET', '/api/users/u3-5@x.org', undefined, {
    'Api-Key': KEY,
  });
  assert.equal(status, 200);
  await server.stop();
});

test('unknown admin requests say what is known', async () => {
  const server = await start();
  await assert.rejects(server.admin('GET', 'nothing'), /unknown: GET nothing.*GET stats/s);
  await assert.rejects(
    server.admin('POST', 'settings', { nothing: 1 }),
    /no such setting: nothing/,
  );
  await assert.rejects(
    server.admin('POST', 'settings', { max_users: 'many' }),
    /no such setting: max_users=many/,
  );
  await assert.rejects(server.admin('POST', 'reset', { what: ['all'] }), /cannot reset all/);
  await assert.rejects(server.admin('POST', 'fields', { f: 'int' }), /unknown type int/);
  await server.stop();
});

test('a reset of the log keeps the people', async () => {
  const server = await start();
  await server.bulk([{ email: 'a@x.org' }, { email: 'a@x.org' }]);
  await server.admin('POST', 'reset', { what: ['requests'] });
  assert.deepEqual(await server.violations(), []);
  assert.equal((await server.users()).length, 1);
  await server.stop();
});
