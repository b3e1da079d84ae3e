// POST /api/users/bulkUpdate in an e-mail project: what it does to profiles and what it answers.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-type': 'email', 'max-value-bytes': 100, 'max-fields': 20 });
});
after(() => server.stop());
beforeEach(() => server.reset());

async function profile(email) {
  const { body } = await server.api(
    'GET',
    `/api/users/getByEmail?email=${encodeURIComponent(email)}`,
  );
  return body.user;
}

test('creates users and says what it did', async () => {
  const { status, body } = await server.bulk([
    { email: 'ann@example.com', dataFields: { firstName: 'Ann', visits: 3 } },
    { email: 'bob@example.com' },
  ]);
  assert.equal(status, 200);
  const none = [];
  assert.deepEqual(body, {
    successCount: 2,
    failCount: 0,
    failedUpdates: {
      conflictEmails: none,
      conflictUserIds: none,
      forgottenEmails: none,
      forgottenUserIds: none,
      invalidDataEmails: none,
      invalidDataUserIds: none,
      invalidEmails: none,
      invalidUserIds: none,
      notFoundEmails: none,
      notFoundUserIds: none,
    },
    createdFields: ['firstName', 'visits'],
    filteredOutFields: none,
    invalidEmails: none,
    invalidUserIds: none,
  });
  assert.deepEqual(await server.users(), [
    { dataFields: { firstName: 'Ann', visits: 3 }, email: 'ann@example.com' },
    { dataFields: {}, email: 'bob@example.com' },
  ]);
  assert.deepEqual(await server.violations(), []);
});

test('lower-cases e-mails', async () => {
  await server.bulk([{ email: 'Ann@Example.COM', dataFields: { a: 'x' } }]);
  await server.bulk([{ email: 'ann@example.com', dataFields: { b: 'y' } }]);
  assert.deepEqual(await server.users(), [
    { dataFields: { a: 'x', b: 'y' }, email: 'ann@example.com' },
  ]);
});

test('leaves omitted fields as they are and clears fields with null', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { kept: 'k', gone: 'g' } }]);
  await server.bulk([{ email: 'a@x.org', dataFields: { gone: null, added: 1 } }]);
  const [{ dataFields }] = await server.users();
  assert.deepEqual(dataFields, { added: 1, kept: 'k' });
});

test('replaces objects, or merges them one level deep', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { s: { one: 1, deep: { x: 1, y: 2 } } } }]);
  await server.bulk([
    { email: 'a@x.org', dataFields: { s: { two: 2, deep: { x: 9 } } }, mergeNestedObjects: true },
  ]);
  assert.deepEqual((await server.users())[0].dataFields, { s: { deep: { x: 9 }, one: 1, two: 2 } });
  await server.bulk([
    { email: 'a@x.org', dataFields: { s: { one: null } }, mergeNestedObjects: true },
  ]);
  assert.deepEqual((await server.users())[0].dataFields, { s: { deep: { x: 9 }, two: 2 } });
  await server.bulk([{ email: 'a@x.org', dataFields: { s: { two: 5 } } }]);
  assert.deepEqual((await server.users())[0].dataFields, { s: { two: 5 } });
});

test('takes apostrophes, quotes and other scripts as they are', async () => {
  const name = `O'Brien "Õ" \\ \u0000 名前 😀 ${'{{'}`;
  await server.bulk([{ email: "o'brien@example.com", dataFields: { name } }]);
  assert.deepEqual(await server.users(), [{ dataFields: { name }, email: "o'brien@example.com" }]);
});

test('reports failures by identifier, in the new lists and in the deprecated ones', async () => {
  await server.admin('POST', 'forgotten', { emails: ['Gone@X.org'] });
  const { status, body } = await server.bulk([
    { email: 'sayan', dataFields: { a: 'x' } },
    { email: 'GONE@x.org', dataFields: { a: 'x' } },
    { email: 'Long@x.org', dataFields: { a: 'x'.repeat(101) } },
    { email: 'ok@x.org', dataFields: { a: 'x' } },
    { email: 'id@x.org', dataFields: { userId: 'ends with blank ' } },
  ]);
  assert.equal(status, 200);
  assert.equal(body.successCount, 1);
  assert.equal(body.failCount, 4);
  assert.deepEqual(body.failedUpdates.invalidEmails, ['sayan']);
  assert.deepEqual(body.failedUpdates.forgottenEmails, ['gone@x.org']);
  assert.deepEqual(body.failedUpdates.invalidDataEmails, ['long@x.org']);
  assert.deepEqual(body.failedUpdates.invalidUserIds, ['ends with blank ']);
  assert.deepEqual(body.invalidEmails, ['sayan', 'gone@x.org', 'long@x.org', 'id@x.org']);
  assert.deepEqual(body.invalidUserIds, []);
  assert.deepEqual(
    (await server.users()).map((u) => u.email),
    ['ok@x.org'],
  );
  const [note] = await server.admin('GET', 'notes');
  assert.equal(note.problems[0].path, 'obj.users[0].email');
});

test('a failed user creates no field', async () => {
  const { body } = await server.bulk([{ email: 'bad', dataFields: { fresh: 'x' } }]);
  assert.deepEqual(body.createdFields, []);
  assert.equal((await server.admin('GET', 'fields')).fresh, undefined);
});

test('drops unknown fields with createNewFields: false and still counts a success', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { known: 'k', box: { in: 1 } } }]);
  const { body } = await server.bulk(
    [{ email: 'a@x.org', dataFields: { known: 'l', unknown: 'u', box: { in: 2, out: 3 } } }],
    { createNewFields: false },
  );
  assert.equal(body.successCount, 1);
  assert.deepEqual(body.filteredOutFields, ['unknown', 'box.out']);
  assert.deepEqual(body.createdFields, []);
  assert.deepEqual((await server.users())[0].dataFields, { box: { in: 2 }, known: 'l' });
});

test('the setting of the project decides where the request says nothing', async () => {
  await server.admin('POST', 'settings', { create_new_fields: false });
  const dropped = await server.bulk([{ email: 'a@x.org', dataFields: { f: 1 } }]);
  const forced = await server.bulk([{ email: 'a@x.org', dataFields: { f: 1 } }], {
    createNewFields: true,
  });
  await server.admin('POST', 'settings', { create_new_fields: true });
  assert.deepEqual(dropped.body.filteredOutFields, ['f']);
  assert.deepEqual(forced.body.createdFields, ['f']);
});

test('carries out a person named twice in order, and notes a violation', async () => {
  const { body } = await server.bulk([
    { email: 'a@x.org', dataFields: { n: 1, m: 1 } },
    { email: 'A@x.org', dataFields: { n: 2 } },
  ]);
  assert.equal(body.successCount, 2);
  assert.deepEqual(await server.users(), [{ dataFields: { m: 1, n: 2 }, email: 'a@x.org' }]);
  assert.deepEqual(await server.violations(), ['duplicate-identifier']);
});

test('refuses more fields than the project may have', async () => {
  const dataFields = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, i]));
  const { status, body } = await server.bulk([{ email: 'a@x.org', dataFields }]);
  assert.equal(status, 400);
  assert.equal(body.code, 'UniqueFieldsLimitExceeded');
  assert.deepEqual(await server.users(), []);
});

test('shows a profile as the service does', async () => {
  await server.bulk([
    { email: 'a@x.org', dataFields: { userId: 'u1', joined: '2026-01-02T03:04:05Z' } },
  ]);
  const user = await profile('A@X.org');
  assert.equal(user.email, 'a@x.org');
  assert.equal(user.userId, 'u1');
  assert.equal(user.dataFields.joined, '2026-01-02 03:04:05 +00:00');
  assert.equal(user.dataFields.email, 'a@x.org');
  assert.equal(user.dataFields.signupSource, 'API');
  assert.match(user.dataFields.profileUpdatedAt, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00$/);
  assert.equal(user.dataFields.itblInternal.emailDomain, 'x.org');
  assert.equal(await profile('nobody@x.org'), undefined);
});

test('bulk and single calls for one person within a short time are a violation', async () => {
  await server.bulk([{ email: 'a@x.org' }]);
  await server.update({ email: 'b@x.org', dataFields: {} });
  assert.deepEqual(await server.violations(), []);
  await server.update({ email: 'a@x.org', dataFields: {} });
  assert.deepEqual(await server.violations(), ['mixed-lanes']);
  await server.admin('POST', 'clock', { offset_seconds: 61 });
  await server.bulk([{ email: 'a@x.org' }]);
  await server.admin('POST', 'clock', { offset_seconds: 0 });
  assert.deepEqual(await server.violations(), ['mixed-lanes']);
});

const post = (name, body) => server.api('POST', `/api/${name}`, body);
for (const [what, call] of [
  ['a purchase', (user) => post('commerce/trackPurchase', { user, items: [], total: 1 })],
  ['a cart', (user) => post('commerce/updateCart', { user, items: [] })],
  ['a deletion', ({ email }) => server.api('DELETE', `/api/users/${email}`)],
  ['forgetting', (user) => post('users/forget', user)],
]) {
  test(`${what} is a single call`, async () => {
    await server.bulk([{ email: 'a@x.org' }]);
    await call({ email: 'a@x.org' });
    assert.deepEqual(await server.violations(), ['mixed-lanes']);
  });
}

test('whoever is deleted and comes back by a bulk call at once is the same person', async () => {
  await server.update({ email: 'a@x.org', dataFields: {} });
  await server.api('DELETE', '/api/users/a@x.org');
  assert.deepEqual(await server.violations(), []);
  await server.bulk([{ email: 'a@x.org' }]);
  assert.deepEqual(await server.violations(), ['mixed-lanes']);
});

test('events are a family of their own', async () => {
  await server.bulk([{ email: 'a@x.org' }]);
  const event = { email: 'a@x.org', eventName: 'visit' };
  await post('events/track', event);
  assert.deepEqual(await server.violations(), []);
  await post('events/trackBulk', { events: [event] });
  assert.deepEqual(await server.violations(), ['mixed-lanes']);
});

test('fields of the service itself are not stored, and are a violation', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { itblInternal: { a: 1 }, ok: 1 } }]);
  assert.deepEqual((await server.users())[0].dataFields, { ok: 1 });
  assert.deepEqual(await server.violations(), ['managed-field']);
});

test('thousands of users are quick', async () => {
  await server.admin('POST', 'settings', { max_users: 4000 });
  const users = Array.from({ length: 4000 }, (_, i) => ({
    email: `user${i}@example.com`,
    dataFields: {
      firstName: `Name ${i}`,
      visits: i,
      lastVisit: '2026-01-02 03:04:05 +00:00',
      vip: i % 2 === 0,
    },
  }));
  await server.bulk(users.slice(0, 10));
  const began = performance.now();
  const { body } = await server.bulk(users);
  const took = performance.now() - began;
  await server.admin('POST', 'settings', { max_users: 1000 });
  assert.equal(body.successCount, 4000);
  assert.ok(took < 5000, `took ${took} ms`);
});
