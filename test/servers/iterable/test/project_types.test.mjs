// Who is who: e-mail, userID-based and hybrid projects.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { start } from './harness.mjs';

describe('an e-mail project', () => {
  let server;
  before(async () => {
    server = await start({ 'project-type': 'email' });
  });
  after(() => server.stop());
  beforeEach(() => server.reset());

  test('takes a userId that it knows', async () => {
    await server.bulk([{ email: 'a@x.org', dataFields: { userId: 'u1' } }]);
    const { body } = await server.bulk([{ userId: 'u1', dataFields: { n: 1 } }]);
    assert.equal(body.successCount, 1);
    assert.deepEqual(await server.users(), [
      { dataFields: { n: 1 }, email: 'a@x.org', userId: 'u1' },
    ]);
  });

  test('refuses a userId that it does not know, unless preferUserId makes one', async () => {
    const { body } = await server.bulk([{ userId: 'u1' }, { userId: 'u2', preferUserId: true }]);
    assert.equal(body.failCount, 1);
    assert.deepEqual(body.failedUpdates.invalidUserIds, ['u1']);
    assert.deepEqual(body.invalidUserIds, ['u1']);
    const [user] = await server.users();
    assert.equal(user.userId, 'u2');
    assert.match(user.email, /^[0-9a-f]{32}@placeholder\.email$/);
    const single = await server.update({ userId: 'u1', dataFields: {} });
    assert.equal(single.body.code, 'UnknownUserIdError');
  });

  test('lets people share a userId, and deletes them all by it', async () => {
    await server.bulk([
      { email: 'a@x.org', dataFields: { userId: 'u' } },
      { email: 'b@x.org', dataFields: { userId: 'u' } },
    ]);
    await server.bulk([{ userId: 'u', dataFields: { n: 1 } }]);
    assert.deepEqual(await server.violations(), ['ambiguous-user']);
    assert.equal((await server.api('DELETE', '/api/users/byUserId/u')).status, 200);
    assert.deepEqual(await server.users(), []);
  });

  test('never changes the e-mail through a profile update', async () => {
    const { body } = await server.bulk([
      { email: 'a@x.org', dataFields: { email: 'b@x.org' } },
      { email: 'c@x.org', dataFields: { email: 'C@x.org' } },
    ]);
    assert.deepEqual(body.failedUpdates.invalidDataEmails, ['a@x.org']);
    assert.deepEqual(await server.users(), [{ dataFields: {}, email: 'c@x.org' }]);
  });

  test('refuses user objects with both identifiers', async () => {
    const { status, body } = await server.bulk([
      { email: 'a@x.org' },
      { email: 'b@x.org', userId: 'u' },
    ]);
    assert.equal(status, 400);
    assert.equal(body.code, 'BadParams');
    assert.deepEqual(Object.keys(body.params), ['obj.users[1]']);
    assert.deepEqual(await server.violations(), ['identifiers']);
  });

  test('takes both where the option allows it: the e-mail decides', async () => {
    await server.admin('POST', 'settings', { allow_both_identifiers: true });
    await server.bulk([{ email: 'a@x.org', userId: 'u' }]);
    await server.admin('POST', 'settings', { allow_both_identifiers: false });
    assert.deepEqual(await server.users(), [{ dataFields: {}, email: 'a@x.org', userId: 'u' }]);
  });
});

describe('a userID-based project', () => {
  let server;
  before(async () => {
    server = await start({ 'project-type': 'userid' });
  });
  after(() => server.stop());
  beforeEach(() => server.reset());

  test('knows people by userId, case-sensitively; e-mails are shared attributes', async () => {
    const { body } = await server.bulk([
      { userId: 'U1', dataFields: { email: 'Family@X.org' } },
      { userId: 'u1', dataFields: { email: 'family@x.org' } },
    ]);
    assert.equal(body.successCount, 2);
    assert.deepEqual(await server.users(), [
      { dataFields: {}, email: 'family@x.org', userId: 'U1' },
      { dataFields: {}, email: 'family@x.org', userId: 'u1' },
    ]);
    assert.deepEqual(await server.violations(), []);
  });

  test('refuses a person named by e-mail', async () => {
    const { status, body } = await server.bulk([{ email: 'a@x.org' }]);
    assert.equal(status, 400);
    assert.match(body.msg, /obj\.users\[0\]: A userID-based project identifies by userId/);
  });

  test('an e-mail that is malformed fails its user under both names', async () => {
    const { body } = await server.bulk([
      { userId: 'u1', dataFields: { email: 'nope' } },
      { userId: 'u2' },
    ]);
    assert.deepEqual(body.failedUpdates.invalidEmails, ['nope']);
    assert.deepEqual(body.invalidUserIds, ['u1']);
    assert.deepEqual(
      (await server.users()).map((u) => u.userId),
      ['u2'],
    );
  });

  test('refuses userIds that are too long, padded or not ASCII', async () => {
    const bad = [' u', 'u ', 'x'.repeat(53), 'ü', ''];
    const { body } = await server.bulk([...bad, 'x'.repeat(52)].map((userId) => ({ userId })));
    assert.deepEqual(body.failedUpdates.invalidUserIds, bad);
    assert.equal(body.successCount, 1);
    const single = await server.update({ userId: ' u', dataFields: {} });
    assert.equal(single.body.code, 'InvalidUserIdError');
  });

  test('changes and clears the e-mail, never the userId', async () => {
    await server.bulk([{ userId: 'u', dataFields: { email: 'a@x.org' } }]);
    await server.bulk([{ userId: 'u', dataFields: { email: 'b@x.org' } }]);
    assert.equal((await server.users())[0].email, 'b@x.org');
    await server.bulk([{ userId: 'u', dataFields: { email: null } }]);
    assert.deepEqual(await server.users(), [{ dataFields: {}, userId: 'u' }]);
    const { body } = await server.bulk([{ userId: 'u', dataFields: { userId: 'v' } }]);
    assert.deepEqual(body.failedUpdates.invalidDataUserIds, ['u']);
    const shown = await server.api('GET', '/api/users/byUserId?userId=u');
    assert.equal(shown.body.user.email, '');
  });

  test('does not delete by e-mail', async () => {
    assert.equal((await server.api('DELETE', '/api/users/a@x.org')).body.code, 'BadParams');
  });
});

describe('a hybrid project', () => {
  let server;
  before(async () => {
    server = await start({ 'project-type': 'hybrid' });
  });
  after(() => server.stop());
  beforeEach(() => server.reset());

  test('knows people by either, and keeps both unique', async () => {
    await server.bulk([{ email: 'a@x.org' }, { userId: 'u1' }]);
    const { body } = await server.bulk([
      { userId: 'u1', dataFields: { email: 'A@x.org' } },
      { email: 'b@x.org', dataFields: { userId: 'u1' } },
      { email: 'a@x.org', dataFields: { userId: 'u2' } },
    ]);
    assert.equal(body.successCount, 1);
    assert.deepEqual(body.failedUpdates.conflictEmails, ['a@x.org']);
    assert.deepEqual(body.failedUpdates.conflictUserIds, ['u1']);
    assert.deepEqual(body.invalidUserIds, ['u1']);
    assert.deepEqual(body.invalidEmails, ['b@x.org']);
    assert.deepEqual(await server.users(), [
      { dataFields: {}, userId: 'u1' },
      { dataFields: {}, email: 'a@x.org', userId: 'u2' },
    ]);
  });

  test('sees conflicts inside one batch', async () => {
    const { body } = await server.bulk([
      { userId: 'u1', dataFields: { email: 'a@x.org' } },
      { userId: 'u2', dataFields: { email: 'a@x.org' } },
    ]);
    assert.deepEqual(body.failedUpdates.conflictEmails, ['a@x.org']);
    assert.equal(body.successCount, 1);
  });

  test('answers a conflict of a single update with 409', async () => {
    await server.bulk([{ email: 'a@x.org' }, { userId: 'u1' }]);
    const email = await server.update({ userId: 'u1', dataFields: { email: 'a@x.org' } });
    assert.deepEqual([email.status, email.body.code], [409, 'EmailAlreadyExists']);
    const userId = await server.update({ email: 'a@x.org', dataFields: { userId: 'u1' } });
    assert.deepEqual([userId.status, userId.body.code], [409, 'UserIdAlreadyExists']);
  });

  test('forgets by either', async () => {
    await server.bulk([{ email: 'a@x.org' }, { userId: 'u1' }]);
    await server.api('POST', '/api/users/forget', { email: 'A@x.org' });
    await server.api('POST', '/api/users/forget', { userId: 'u1' });
    const { body } = await server.bulk([
      { email: 'a@x.org' },
      { userId: 'u1' },
      { userId: 'u2', dataFields: { email: 'a@x.org' } },
    ]);
    assert.deepEqual(body.failedUpdates.forgottenEmails, ['a@x.org', 'a@x.org']);
    assert.deepEqual(body.failedUpdates.forgottenUserIds, ['u1']);
    assert.deepEqual(await server.users(), []);
  });
});
