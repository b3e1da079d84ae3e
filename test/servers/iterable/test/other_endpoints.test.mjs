// update, updateEmail, delete, forget, lists, subscriptions, and what is not built.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';

import { ownOperations } from '../lib/own_schema.mjs';
import { HANDLERS } from '../lib/routes.mjs';
import { HAS_SWAGGER, start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-type': 'email' });
});
after(() => server.stop());
beforeEach(() => server.reset());

const post = (path, body) => server.api('POST', `/api/${path}`, body);
const SUCCESS = { msg: '', code: 'Success', params: null };

test('update creates, confirms, and names what is wrong', async () => {
  assert.deepEqual((await server.update({ email: 'a@x.org', dataFields: { n: 1 } })).body, SUCCESS);
  const invalid = await server.update({ email: '000', dataFields: {} });
  assert.deepEqual(
    [invalid.status, invalid.body.code, invalid.body.msg],
    [400, 'InvalidEmailAddressError', 'Invalid email: 000'],
  );
  const mismatch = await server.update({ email: 'a@x.org', dataFields: { n: 'one' } });
  assert.equal(mismatch.body.code, 'RequestFieldsTypesMismatched');
  await server.admin('POST', 'forgotten', { emails: ['a@x.org'] });
  const forgotten = await server.update({ email: 'a@x.org', dataFields: {} });
  assert.deepEqual([forgotten.status, forgotten.body.code], [409, 'ForgottenUserError']);
});

test('data.json gives all people, one a line', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { n: 1 } }, { email: 'b@x.org' }]);
  const path = '/api/export/data.json?dataTypeName=user';
  const { status, text, headers } = await server.api('GET', `${path}&range=All`);
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^application\/x-json-stream/);
  const people = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(
    people.map(({ email, n }) => [email, n]),
    [
      ['a@x.org', 1],
      ['b@x.org', undefined],
    ],
  );
  const few = await server.api('GET', `${path}&range=All&onlyFields=email`);
  assert.equal(few.text, '{"email":"a@x.org"}\n{"email":"b@x.org"}\n');
  assert.equal((await server.api('GET', path)).status, 400);
  assert.equal((await server.api('GET', '/api/export/data.json?range=All')).status, 400);
});

test('updateEmail moves the profile', async () => {
  await server.bulk([{ email: 'old@x.org', dataFields: { n: 1 } }, { email: 'taken@x.org' }]);
  const move = (newEmail, currentEmail = 'old@x.org') =>
    post('users/updateEmail', { currentEmail, newEmail });
  assert.equal((await move('taken@x.org')).status, 409);
  assert.equal((await move('bad')).body.code, 'InvalidEmailAddressError');
  const unknown = await move('new@x.org', 'nobody@x.org');
  assert.equal(
    unknown.body.msg,
    'Cannot change user Some(nobody@x.org) to new@x.org. User does not exist',
  );
  assert.deepEqual((await move('New@x.org')).body, SUCCESS);
  assert.deepEqual((await server.users())[0], { dataFields: { n: 1 }, email: 'new@x.org' });
});

test('a deleted user is gone and may come back', async () => {
  await server.bulk([{ email: 'a/b@x.org' }]);
  assert.deepEqual((await server.api('DELETE', '/api/users/a%2Fb@x.org')).body, SUCCESS);
  const again = await server.api('DELETE', '/api/users/a%2Fb@x.org');
  assert.deepEqual(
    [again.status, again.body.msg],
    [400, 'User does not exist. Email: a/b@x.org UserId: None'],
  );
  assert.equal((await server.bulk([{ email: 'a/b@x.org' }])).body.successCount, 1);
});

test('a forgotten user stays away until unforgotten', async () => {
  await server.bulk([{ email: 'a@x.org', dataFields: { n: 1 } }]);
  assert.equal((await post('users/forget', { email: 'nobody@x.org' })).status, 400);
  assert.deepEqual((await post('users/forget', { email: 'A@x.org' })).body, SUCCESS);
  assert.deepEqual(await server.users(), []);
  assert.deepEqual((await server.bulk([{ email: 'a@x.org' }])).body.failedUpdates.forgottenEmails, [
    'a@x.org',
  ]);
  const hashed = createHash('sha256').update('a@x.org').digest('hex');
  assert.deepEqual((await server.api('GET', '/api/users/forgotten')).body, {
    hashedEmails: [hashed],
  });
  assert.equal((await server.api('GET', '/api/users/forgottenUserIds')).status, 400);
  await post('users/unforget', { email: 'a@x.org' });
  assert.equal((await server.bulk([{ email: 'a@x.org' }])).body.successCount, 1);
});

test('an e-mail project forgets by e-mail only', async () => {
  const { status, body } = await post('users/forget', { userId: 'u1' });
  assert.deepEqual([status, body.code], [400, 'BadParams']);
});

test('lists: create, subscribe, count, read, unsubscribe, delete', async () => {
  const { listId } = (await post('lists', { name: 'Regulars', description: 'd' })).body;
  const { body } = await post('lists/subscribe', {
    listId,
    subscribers: [
      { email: 'b@x.org', dataFields: { n: 1 } },
      { email: 'a@x.org' },
      { email: 'bad' },
    ],
  });
  assert.deepEqual([body.successCount, body.failCount, body.createdFields], [2, 1, ['n']]);
  assert.equal((await server.api('GET', `/api/lists/${listId}/size`)).text, '2');
  assert.equal(
    (await server.api('GET', `/api/lists/getUsers?listId=${listId}`)).text,
    'a@x.org\nb@x.org\n',
  );
  const [list] = (await server.api('GET', '/api/lists')).body.lists;
  assert.deepEqual([list.id, list.name, list.listType], [listId, 'Regulars', 'Standard']);
  const shown = await server.api('GET', '/api/users/a@x.org');
  assert.deepEqual(shown.body.user.dataFields.emailListIds, [listId]);
  const left = await post('lists/unsubscribe', {
    listId,
    subscribers: [{ email: 'a@x.org' }, { email: 'no@x.org' }],
  });
  assert.deepEqual(left.body.failedUpdates.notFoundEmails, ['no@x.org']);
  assert.equal((await server.api('GET', `/api/lists/${listId}/size`)).text, '1');
  assert.equal((await server.api('DELETE', `/api/lists/${listId}`)).status, 200);
  assert.deepEqual(
    (await server.users()).map((u) => u.lists),
    [undefined, undefined],
  );
});

test('an unknown list is status 400 with the code Success', async () => {
  const { status, body } = await post('lists/subscribe', { listId: 77, subscribers: [] });
  assert.equal(status, 400);
  assert.deepEqual([body.code, body.msg], ['Success', 'error.lists.invalidListId(77)']);
});

test('taking people off a whole channel is a violation', async () => {
  const { listId } = (await post('lists', { name: 'L' })).body;
  await post('lists/unsubscribe', { listId, subscribers: [], channelUnsubscribe: true });
  assert.deepEqual(await server.violations(), ['channel-unsubscribe']);
});

test('subscriptions overwrite what they name and nothing else', async () => {
  const { listId } = (await post('lists', { name: 'L' })).body;
  const bulk = (requests) =>
    post('users/bulkUpdateSubscriptions', { updateSubscriptionsRequests: requests });
  const first = await bulk([
    { email: 'a@x.org', emailListIds: [listId], unsubscribedChannelIds: [1, 2] },
    { email: 'bad', unsubscribedChannelIds: [1] },
  ]);
  assert.deepEqual(first.body, {
    successCount: 1,
    failCount: 1,
    invalidEmails: ['bad'],
    invalidUserIds: [],
    validEmailFailures: [],
    validUserIdFailures: [],
  });
  await bulk([{ email: 'a@x.org', unsubscribedChannelIds: [3] }]);
  const [user] = await server.users();
  assert.deepEqual([user.lists, user.subscriptions], [[listId], { unsubscribedChannelIds: [3] }]);
  assert.equal((await bulk([{ email: 'a@x.org', emailListIds: [99] }])).status, 400);
  assert.equal(
    (await bulk([{ email: 'a@x.org', subscribedMessageTypeIds: [1] }])).body.code,
    'BadParams',
  );
  const single = await post('users/updateSubscriptions', { email: 'a@x.org', emailListIds: [] });
  assert.deepEqual(single.body, SUCCESS);
  assert.equal((await server.users())[0].lists, undefined);
});

test('what is built is known without the Swagger too', () => {
  const known = new Set(ownOperations(true).map(({ method, template }) => `${method} ${template.replace('/api/', '')}`));
  assert.deepEqual(Object.keys(HANDLERS).filter((endpoint) => !known.has(endpoint)), []);
});

test('what the schema knows but the stand-in does not is 501, the rest 404', async () => {
  const nowhere = await server.api('GET', '/api/nowhere');
  assert.deepEqual([nowhere.status, nowhere.body.code], [404, 'NotFound']);
  const other = await post('users/merge', {
    sourceEmail: 'a@x.org',
    destinationEmail: 'b@x.org',
  });
  assert.equal(other.status, HAS_SWAGGER ? 501 : 404);
  const kinds = HAS_SWAGGER
    ? ['unknown-endpoint', 'not-built']
    : ['unknown-endpoint', 'unknown-endpoint'];
  assert.deepEqual(await server.violations(), kinds);
});
