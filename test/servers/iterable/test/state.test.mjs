// --state: what was answered is there after a restart, however the server ended.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { send, start } from './harness.mjs';

const newFile = () => join(mkdtempSync(join(tmpdir(), 'standin-')), 'state.json');

async function fill(server) {
  await server.bulk([
    { email: 'a@x.org', dataFields: { n: 1, d: '2026-01-02 03:04:05 +00:00', o: { in: [1, 2] } } },
    { email: 'b@x.org', dataFields: { userId: 'u', n: 2 } },
    { email: 'gone@x.org' },
  ]);
  await server.api(
    'POST',
    '/api/users/bulkUpdate',
    '{"users":[{"email":"c@x.org","dataFields":{"w":2.0,"big":9007199254740993}}]}',
  );
  await server.api('POST', '/api/users/forget', { email: 'gone@x.org' });
  const { body } = await server.api('POST', '/api/lists', { name: 'L' });
  await server.api('POST', '/api/lists/subscribe', {
    listId: body.listId,
    subscribers: [{ email: 'a@x.org' }],
  });
  await server.api('DELETE', '/api/users/b@x.org');
}

async function seen(server) {
  const { text } = await server.api('GET', '/api/users/c@x.org');
  return {
    users: await server.users(),
    fields: await server.admin('GET', 'fields'),
    lists: await server.admin('GET', 'lists'),
    forgotten: await server.admin('GET', 'forgotten'),
    numbers: /"w":[^,]*|"big":[^,}]*/g[Symbol.match](text).sort(),
  };
}

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`the state is there again after ${signal}`, async () => {
    const state = newFile();
    const first = await start({ state });
    await fill(first);
    const before = await seen(first);
    assert.equal(before.users.length, 2);
    assert.deepEqual(before.numbers, ['"big":9007199254740993', '"w":2.0']);
    const code = await first.stop(signal);
    assert.equal(code, signal === 'SIGTERM' ? 0 : null);
    const second = await start({ state });
    assert.deepEqual(await seen(second), before);
    const mismatch = await second.bulk([{ email: 'a@x.org', dataFields: { n: 'x' } }]);
    assert.equal(mismatch.body.code, 'RequestFieldsTypesMismatched', 'types stay fixed');
    await second.bulk([{ email: 'd@x.org' }]);
    await second.stop();
    const third = await start({ state });
    assert.equal((await third.users()).length, 3);
    await third.stop();
  });
}

test('a torn last line of the log is a commit that nobody was told of', async () => {
  const state = newFile();
  const first = await start({ state });
  await first.bulk([{ email: 'a@x.org' }]);
  await first.stop('SIGKILL');
  const log = readFileSync(`${state}.log`, 'utf8');
  appendFileSync(`${state}.log`, log.replace('"sequence":1', '"sequence":2').slice(0, -20));
  const second = await start({ state });
  assert.deepEqual(
    (await second.users()).map((u) => u.email),
    ['a@x.org'],
  );
  await second.bulk([{ email: 'b@x.org' }]);
  await second.stop('SIGKILL');
  const third = await start({ state });
  assert.equal((await third.users()).length, 2);
  await third.stop();
});

test('commits that the snapshot has already are not repeated', async () => {
  const state = newFile();
  const first = await start({ state });
  await first.bulk([{ email: 'a@x.org', dataFields: { n: 1 } }]);
  const log = readFileSync(`${state}.log`);
  await first.bulk([{ email: 'a@x.org', dataFields: { n: 2 } }]);
  await first.stop();
  appendFileSync(`${state}.log`, log);
  const second = await start({ state });
  assert.equal((await second.users())[0].dataFields.n, 2);
  await second.stop();
});

test('what a fault refused is not in the state, what it hid is', async () => {
  const state = newFile();
  const first = await start({ state });
  await first.admin('POST', 'faults', [
    { kind: 'error-before-commit' },
    { kind: 'reset-after-commit' },
  ]);
  await first.bulk([{ email: 'before@x.org' }]);
  await assert.rejects(first.bulk([{ email: 'after@x.org' }]));
  await first.stop('SIGKILL');
  const second = await start({ state });
  assert.deepEqual(
    (await second.users()).map((u) => u.email),
    ['after@x.org'],
  );
  await second.stop();
});

test('a reset empties the state on disk as well', async () => {
  const state = newFile();
  const first = await start({ state, fields: 'kept:date' });
  await first.bulk([{ email: 'a@x.org' }]);
  await first.reset();
  await first.stop('SIGKILL');
  const second = await start({ state });
  assert.deepEqual(await second.users(), []);
  assert.equal((await second.admin('GET', 'fields')).kept, 'date');
  await second.stop();
});

test('without --state nothing is written and nothing stays', async () => {
  const server = await start();
  await server.bulk([{ email: 'a@x.org' }]);
  await assert.rejects(server.admin('POST', 'snapshot'), /without --state/);
  assert.equal(await server.stop(), 0);
  assert.ok(!existsSync('state.json'));
});

test('SIGTERM ends a server that holds hanging requests', async () => {
  const server = await start();
  await server.admin('POST', 'faults', { kind: 'hang-before-commit' });
  const hanging = server.bulk([]).catch((error) => error.code);
  while ((await server.admin('GET', 'stats')).hanging === 0)
    await new Promise((done) => setTimeout(done, 10));
  assert.equal(await server.stop(), 0);
  assert.equal(await hanging, 'ECONNRESET');
});

test('the state that the admin interface gave can be put back, into any server', async () => {
  const first = await start();
  await fill(first);
  const before = await seen(first);
  const { text } = await send(first.url, 'GET', '/__admin/state', undefined, {});
  await first.bulk([{ email: 'later@x.org', dataFields: { other: true } }]);
  const second = await start();
  for (const server of [first, second]) {
    assert.deepEqual(await server.admin('POST', 'state', text), { users: 2 });
    assert.deepEqual(await seen(server), before);
    await server.bulk([{ email: 'd@x.org' }]);
    assert.equal((await server.users()).length, 3, 'new people take no id that is in use');
  }
  await assert.rejects(second.admin('POST', 'state', {}), /expected the array/);
  await first.stop();
  await second.stop();
});
