// Every fault that can be asked for: what the client sees, and whether the request was carried out.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { FAULT_KINDS, RETRYABLE_KINDS } from '../lib/fault_kinds.mjs';
import { KEY, send, start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-type': 'email' });
});
after(() => server.stop());
beforeEach(() => server.reset());

const USERS = [
  { email: 'a@x.org', dataFields: { n: 1, s: 'x' } },
  { email: 'b@x.org', dataFields: { n: 2, s: 'y' } },
];
const tested = new Set();

/** Asks for one fault on bulkUpdate, sends USERS, and says what came back and what was kept. */
async function meet(fault, timeout = 10_000) {
  tested.add(fault.kind);
  await server.admin('POST', 'faults', { endpoint: 'users/bulkUpdate', ...fault });
  const sent = send(
    server.url,
    'POST',
    '/api/users/bulkUpdate',
    { users: USERS },
    { 'Api-Key': KEY },
    timeout,
  );
  const answer = await sent.catch((error) => ({ error: error.code ?? error.message }));
  const kept = (await server.users()).map((user) => user.email);
  return { ...answer, kept };
}
const BOTH = ['a@x.org', 'b@x.org'];

test('429 with Retry-After', async () => {
  const { status, headers, kept } = await meet({ kind: 'rate-limit', retry_after: 7 });
  assert.deepEqual([status, headers['retry-after'], kept], [429, '7', []]);
});

test('429 without Retry-After', async () => {
  const { status, headers, kept } = await meet({ kind: 'rate-limit', retry_after: null });
  assert.deepEqual([status, headers['retry-after'], kept], [429, undefined, []]);
});

test('500 before and after the commit', async () => {
  const before = await meet({ kind: 'error-before-commit' });
  assert.deepEqual([before.status, before.body.code, before.kept], [500, 'GenericError', []]);
  const after = await meet({ kind: 'error-after-commit', status: 503 });
  assert.deepEqual([after.status, after.kept], [503, BOTH]);
});

test('no answer, before and after the commit', async () => {
  assert.deepEqual(await meet({ kind: 'hang-before-commit' }, 200), {
    error: 'timed out',
    kept: [],
  });
  assert.deepEqual(await meet({ kind: 'hang-after-commit' }, 200), {
    error: 'timed out',
    kept: BOTH,
  });
});

test('a hang with an end closes the connection', async () => {
  const began = performance.now();
  const { error } = await meet({ kind: 'hang-after-commit', hang_ms: 100 });
  assert.equal(error, 'ECONNRESET');
  assert.ok(performance.now() - began >= 95);
});

test('connection reset, before and after the commit', async () => {
  assert.deepEqual(await meet({ kind: 'reset-before-commit' }), { error: 'ECONNRESET', kept: [] });
  assert.deepEqual(await meet({ kind: 'reset-after-commit' }), { error: 'ECONNRESET', kept: BOTH });
});

test('half an answer', async () => {
  const { error, kept } = await meet({ kind: 'truncated-answer' });
  assert.deepEqual([error, kept], ['ECONNRESET', BOTH]);
});

test('an answer that is no JSON', async () => {
  const { status, text, body, kept } = await meet({ kind: 'invalid-json-answer' });
  assert.deepEqual([status, text.startsWith('<html>'), body, kept], [200, true, undefined, BOTH]);
});

test('a slow answer, before or after the commit', async () => {
  for (const after_commit of [false, true]) {
    const began = performance.now();
    const { status, kept } = await meet({ kind: 'slow', delay_ms: 150, after_commit });
    assert.deepEqual([status, kept], [200, BOTH]);
    assert.ok(performance.now() - began >= 145);
  }
});

test('failures for the people that are named', async () => {
  const { body, kept } = await meet({
    kind: 'fail-users',
    emails: ['B@x.org'],
    reason: 'conflict',
  });
  assert.deepEqual([body.successCount, body.failCount], [1, 1]);
  assert.deepEqual(body.failedUpdates.conflictEmails, ['b@x.org']);
  assert.deepEqual(body.invalidEmails, ['b@x.org']);
  assert.deepEqual(kept, ['a@x.org']);
});

test('failures by place in the batch and by userId', async () => {
  const byPlace = await meet({ kind: 'fail-users', indexes: [0] });
  assert.deepEqual(byPlace.body.failedUpdates.invalidDataEmails, ['a@x.org']);
  await server.admin('POST', 'faults', {
    kind: 'fail-users',
    user_ids: ['u1'],
    reason: 'forgotten',
  });
  const { body } = await server.bulk([{ userId: 'u1', preferUserId: true }]);
  assert.deepEqual(body.failedUpdates.forgottenUserIds, ['u1']);
});

test('failures that are counted and not named', async () => {
  const { body, kept } = await meet({ kind: 'count-failures', count: 1 });
  assert.deepEqual([body.successCount, body.failCount, body.invalidEmails], [1, 1, []]);
  assert.deepEqual(kept, BOTH);
});

test('dropped fields with success', async () => {
  const { body } = await meet({ kind: 'drop-fields', fields: ['s'] });
  assert.deepEqual([body.successCount, body.filteredOutFields], [2, ['s']]);
  assert.deepEqual(
    (await server.users()).map((u) => u.dataFields),
    [{ n: 1 }, { n: 2 }],
  );
});

test('400 that names an index', async () => {
  const fault = {
    kind: 'bad-json-index',
    index: 1,
    field: 'dataFields',
    message: 'Object value expected',
  };
  const { status, body, kept } = await meet(fault);
  assert.deepEqual([status, kept], [400, []]);
  assert.deepEqual(body, {
    msg: '[/api/users/bulkUpdate] Invalid JSON body',
    code: 'BadJsonBody',
    params: { 'obj.users[1].dataFields': 'Object value expected' },
  });
});

test('400 that names a value, given or taken from the batch', async () => {
  const given = await meet({ kind: 'type-mismatch', field: 's', value: 'other' });
  const error = given.body.params.validationErrors['standin:::s'];
  assert.deepEqual([given.status, given.kept, error.offendingValue], [400, [], 'other']);
  const taken = await meet({ kind: 'type-mismatch', field: 's', index: 1 });
  assert.equal(taken.body.params.validationErrors['standin:::s'].offendingValue, 'y');
});

test('batch too large, also only for large batches', async () => {
  const { status, body, kept } = await meet({ kind: 'batch-too-large', min_users: 2 });
  assert.deepEqual([status, body.code, kept], [400, 'BatchTooLarge', []]);
  await server.admin('POST', 'faults', { kind: 'batch-too-large', min_users: 2 });
  assert.equal((await server.bulk(USERS.slice(1))).status, 200);
});

test('413', async () => {
  const { status, body, kept } = await meet({ kind: 'payload-too-large' });
  assert.deepEqual([status, body, kept], [413, undefined, []]);
});

test('409', async () => {
  const { status, body, kept } = await meet({ kind: 'conflict', code: 'ForgottenUserError' });
  assert.deepEqual([status, body.code, kept], [409, 'ForgottenUserError', []]);
});

test('202 and lost', async () => {
  const { status, body, kept } = await meet({ kind: 'accepted-and-lost' });
  assert.deepEqual([status, body.code, kept], [202, 'Success', []]);
});

test('any answer at all', async () => {
  const fault = {
    kind: 'answer',
    status: 418,
    headers: { 'X-A': 'b' },
    body: { odd: true },
    commit: true,
  };
  const { status, headers, body, kept } = await meet(fault);
  assert.deepEqual([status, headers['x-a'], body, kept], [418, 'b', { odd: true }, BOTH]);
});

test('every kind of fault has its test above', () => {
  assert.deepEqual([...tested].sort(), Object.keys(FAULT_KINDS).sort());
});

test('a fault waits for its endpoint, its turn and its person, and is used up', async () => {
  await server.admin('POST', 'faults', [
    { kind: 'error-before-commit', endpoint: 'users/bulkUpdate', skip: 1, times: 2 },
    { kind: 'conflict', endpoint: '*', identifier: 'z@x.org' },
  ]);
  assert.equal((await server.api('GET', '/api/users/getFields')).status, 200);
  const statuses = [];
  for (let i = 0; i < 4; i += 1)
    statuses.push((await server.bulk([{ email: `${i}@x.org` }])).status);
  assert.deepEqual(statuses, [200, 500, 500, 200]);
  assert.equal((await server.bulk([{ email: 'y@x.org' }, { email: 'z@x.org' }])).status, 409);
  const { queue, fired } = await server.admin('GET', 'faults');
  assert.deepEqual([queue, fired], [[], { 'error-before-commit': 2, conflict: 1 }]);
});

test('faults do not hide what is wrong with a request', async () => {
  await server.admin('POST', 'faults', { kind: 'error-before-commit' });
  const { status } = await server.api('POST', '/api/users/bulkUpdate', { users: 'none' });
  assert.equal(status, 400);
  assert.equal((await server.admin('GET', 'faults')).queue.length, 1);
});

test('faults that are not understood are refused', async () => {
  await assert.rejects(
    server.admin('POST', 'faults', { kind: 'earthquake' }),
    /unknown fault kind earthquake/,
  );
  await assert.rejects(
    server.admin('POST', 'faults', { kind: 'conflict', delay: 1 }),
    /conflict has no .*delay/,
  );
});

test('faults can come from a file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'standin-')), 'faults.json');
  writeFileSync(file, JSON.stringify([{ kind: 'conflict', times: 1 }]));
  const other = await start({ faults: file });
  assert.equal((await other.bulk([])).status, 409);
  assert.equal((await other.bulk([])).status, 200);
  await other.stop();
});

test('random faults follow their seed', async () => {
  const statuses = async (seed) => {
    await server.reset();
    const kinds = ['error-before-commit', 'error-after-commit', 'rate-limit'];
    await server.admin('POST', 'random-faults', { seed, rate: 0.5, kinds });
    const seen = [];
    for (let i = 0; i < 30; i += 1) seen.push((await server.bulk([{ email: 'a@x.org' }])).status);
    await server.admin('POST', 'random-faults', { rate: 0 });
    return seen.join(' ');
  };
  const first = await statuses(7);
  assert.match(first, /200/);
  assert.match(first, /500/);
  assert.match(first, /429/);
  assert.equal(await statuses(7), first);
  assert.notEqual(await statuses(8), first);
});

test('random faults from the command line are healed by sending again', async () => {
  const other = await start({ 'fault-rate': 0.5, 'fault-seed': 3, 'fault-hang-ms': 50 });
  for (let i = 0; i < 20; i += 1) {
    let done = false;
    for (let tries = 0; tries < 50 && !done; tries += 1) {
      const answer = await other
        .bulk([{ email: `${i}@x.org`, dataFields: { i } }])
        .catch(() => null);
      done = answer?.body?.successCount === 1;
    }
    assert.ok(done);
  }
  const users = await other.users();
  assert.deepEqual(
    users.map((u) => u.dataFields.i).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i),
  );
  const { fired } = await other.admin('GET', 'faults');
  assert.ok(Object.keys(fired).length >= 5, JSON.stringify(fired));
  assert.ok(Object.keys(fired).every((kind) => RETRYABLE_KINDS.includes(kind)));
  await other.stop();
});
