// Iterable's own client, unmodified, against the stand-in.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { isIterableApiError, IterableClient } from '@iterable/api';

import { KEY, start } from './harness.mjs';

let server;
let client;
before(async () => {
  server = await start({ 'project-type': 'email', rate: 'none' });
  client = new IterableClient({ apiKey: KEY, baseUrl: server.url, timeout: 5000 });
});
after(async () => {
  client.destroy();
  await server.stop();
});
beforeEach(() => server.reset());

test('updates and reads a user', async () => {
  const done = await client.updateUser({
    email: 'Ann@x.org',
    dataFields: { firstName: 'Ann', visits: 2 },
  });
  assert.equal(done.code, 'Success');
  const { user } = await client.getUserByEmail({ email: 'ann@x.org' });
  assert.deepEqual(
    [user.email, user.dataFields.firstName, user.dataFields.visits],
    ['ann@x.org', 'Ann', 2],
  );
  assert.equal((await client.getUserByEmail({ email: 'nobody@x.org' })).user, undefined);
});

test('updates many users and reads one by userId', async () => {
  const users = Array.from({ length: 500 }, (_, i) => ({
    email: `u${i}@x.org`,
    dataFields: { userId: `id-${i}`, n: i },
  }));
  const result = await client.bulkUpdateUsers({ users });
  assert.deepEqual([result.successCount, result.failCount], [500, 0]);
  assert.deepEqual(result.createdFields, ['n']);
  const { user } = await client.getUserByUserId({ userId: 'id-7' });
  assert.deepEqual([user.email, user.userId, user.dataFields.n], ['u7@x.org', 'id-7', 7]);
});

test('reads the failures of a bulk update', async () => {
  const result = await client.bulkUpdateUsers({
    users: [{ email: 'nope' }, { email: 'ok@x.org' }],
  });
  assert.deepEqual([result.successCount, result.failCount], [1, 1]);
  assert.deepEqual(result.failedUpdates.invalidEmails, ['nope']);
});

test('reads the fields and their types', async () => {
  await client.updateUser({ email: 'a@x.org', dataFields: { seen: '2026-01-02T03:04:05Z' } });
  assert.equal((await client.getUserFields()).fields.seen, 'date');
});

test('changes an e-mail, subscriptions, and deletes', async () => {
  await client.updateUser({ email: 'old@x.org' });
  await client.updateEmail({ currentEmail: 'old@x.org', newEmail: 'new@x.org' });
  await client.updateUserSubscriptions({ email: 'new@x.org', unsubscribedChannelIds: [5] });
  assert.deepEqual((await server.users())[0].subscriptions, { unsubscribedChannelIds: [5] });
  assert.equal((await client.deleteUserByEmail({ email: 'new@x.org' })).code, 'Success');
  await client.updateUser({ userId: 'u1', preferUserId: true });
  assert.equal((await client.deleteUserByUserId({ userId: 'u1' })).code, 'Success');
  assert.deepEqual(await server.users(), []);
});

test('works with lists', async () => {
  const { listId } = await client.createList({ name: 'Regulars', description: 'x' });
  await client.subscribeUserToList({
    listId,
    subscribers: [{ email: 'a@x.org' }, { email: 'b@x.org' }],
  });
  assert.deepEqual(await client.getListSize({ listId }), { size: 2 });
  assert.deepEqual((await client.getListUsers({ listId })).users, [
    { email: 'a@x.org' },
    { email: 'b@x.org' },
  ]);
  await client.unsubscribeUserFromList({ listId, subscribers: [{ email: 'a@x.org' }] });
  assert.deepEqual(await client.getListSize({ listId }), { size: 1 });
  assert.deepEqual(
    (await client.getLists()).lists.map((list) => list.name),
    ['Regulars'],
  );
  await client.deleteList({ listId });
  assert.deepEqual((await client.getLists()).lists, []);
});

test('gets errors that it understands', async () => {
  const errorOf = (promise) =>
    promise.then(
      () => null,
      (error) => error,
    );
  await client.updateUser({ email: 'a@x.org', dataFields: { n: 1 } });
  const mismatch = await errorOf(client.updateUser({ email: 'a@x.org', dataFields: { n: 'x' } }));
  assert.ok(isIterableApiError(mismatch) && mismatch.isValidationError());
  assert.equal(mismatch.code, 'RequestFieldsTypesMismatched');
  const stranger = new IterableClient({ apiKey: 'wrong', baseUrl: server.url });
  const unauthorized = await errorOf(stranger.getUserFields());
  stranger.destroy();
  assert.ok(isIterableApiError(unauthorized) && unauthorized.isAuthError());
  await server.admin('POST', 'settings', { rate: 'users/getFields=1' });
  await client.getUserFields();
  const limited = await errorOf(client.getUserFields());
  await server.admin('POST', 'settings', { rate: 'none' });
  assert.ok(isIterableApiError(limited) && limited.isRateLimitError());
  assert.equal(limited.code, 'RateLimitExceeded');
});
