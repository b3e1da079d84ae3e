// What the server itself says, against the Swagger's response definitions, where it is to be had.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

import { Checks } from '../lib/checks.mjs';
import { HANDLERS } from '../lib/routes.mjs';
import { FOLDER, HAS_SWAGGER, send, start, SWAGGER } from './harness.mjs';

const skip = HAS_SWAGGER ? false : 'the Swagger is not at hand';

/** Requests that bring every endpoint to success, and several to each kind of refusal. */
async function catalogTour(server, post, get) {
  const to = (method, path, body) => server.api(method, `/api/catalogs/spas${path}`, body);
  await post('catalogs/spas');
  await get('catalogs');
  await to('PUT', '/fieldMappings', { mappingsUpdates: [{ fieldName: 'n', fieldType: 'long' }] });
  await to('POST', '/items', { documents: { a: { n: 1 } }, replaceUploadedFieldsOnly: true });
  await to('PUT', '/items/b', { value: { n: 2 } });
  await to('PATCH', '/items/b', { update: { n: 3 } });
  await get('catalogs/spas/fieldMappings');
  await get('catalogs/spas/items');
  await get('catalogs/spas/items/a');
  await to('DELETE', '/items/a');
  await to('DELETE', '/items', { itemIds: ['b'] });
  await to('DELETE', '');
}

async function tour(server) {
  const post = (path, body) => server.api('POST', `/api/${path}`, body);
  const get = (path) => server.api('GET', `/api/${path}`);
  await server.bulk([
    { email: 'a@x.org', dataFields: { userId: 'u', n: 1, d: '2026-01-01T00:00:00Z' } },
    { email: 'bad' },
  ]);
  await server.bulk([{ email: 'a@x.org', dataFields: { new: 1 } }], { createNewFields: false });
  await server.bulk([{ email: 'a@x.org', dataFields: { n: 'x' } }]);
  await server.bulk([{ email: 'a@x.org', userId: 'u' }]);
  await server.api('POST', '/api/users/bulkUpdate', { users: 5 });
  await send(server.url, 'GET', '/api/users/getFields', undefined, {});
  await server.update({ email: 'b@x.org', dataFields: {} });
  await server.update({ email: 'bad', dataFields: {} });
  await post('users/updateEmail', { currentEmail: 'b@x.org', newEmail: 'c@x.org' });
  await get('users/getByEmail?email=a@x.org');
  await get('users/getByEmail?email=nobody@x.org');
  await get('users/a@x.org');
  await get('users/byUserId?userId=u');
  await get('users/byUserId/u');
  await get('users/getFields');
  await get('export/data.json?dataTypeName=user&range=All');
  const { listId } = (await post('lists', { name: 'L', description: 'd' })).body;
  await get('lists');
  await post('lists/subscribe', { listId, subscribers: [{ email: 'a@x.org' }] });
  await get(`lists/${listId}/size`);
  await get(`lists/getUsers?listId=${listId}`);
  await post('lists/unsubscribe', {
    listId,
    subscribers: [{ email: 'a@x.org' }, { email: 'no@x.org' }],
  });
  await post('users/updateSubscriptions', { email: 'a@x.org', unsubscribedChannelIds: [1] });
  await post('users/bulkUpdateSubscriptions', {
    updateSubscriptionsRequests: [{ email: 'a@x.org' }, { email: 'bad' }],
  });
  await server.api('DELETE', `/api/lists/${listId}`);
  await catalogTour(server, post, get);
  await post('events/trackBulk', {
    events: [
      { email: 'a@x.org', eventName: 'visit', id: 'e1', createdAt: 1767225600 },
      { email: 'no@x.org', eventName: 'visit' },
    ],
  });
  await post('events/track', { email: 'a@x.org', eventName: 'visit' });
  const user = { email: 'a@x.org' };
  const items = [{ id: '1', name: 'Massage', price: 80, quantity: 1 }];
  await post('commerce/updateCart', { user, items });
  await post('commerce/trackPurchase', { user, items, total: 80 });
  await post('users/forget', { email: 'c@x.org' });
  await post('users/unforget', { email: 'c@x.org' });
  await get('users/forgotten');
  await server.api('DELETE', '/api/users/byUserId/u');
  await server.bulk([{ email: 'z@x.org' }]);
  await server.api('DELETE', '/api/users/z@x.org');
  await server.api('GET', '/api/nowhere');
  await post('events/track', { eventName: 'e', email: 'a@x.org' });
}

test(
  'every answer of a tour through all endpoints is as the Swagger has it',
  { skip },
  async () => {
    const seen = new Set();
    for (const project of ['email', 'userid', 'hybrid']) {
      const server = await start({ 'project-type': project });
      await tour(server);
      await server.api('GET', '/api/users/forgottenUserIds');
      const { answers, answer_problems: problems } = await server.admin('GET', 'stats');
      assert.deepEqual(problems, []);
      for (const key of Object.keys(answers)) if (/ 20[012]$/.test(key)) seen.add(key.slice(0, -4));
      await server.stop();
    }
    assert.deepEqual(
      [...seen].sort(),
      Object.keys(HANDLERS).sort(),
      'the tour saw each endpoint succeed',
    );
  },
);

test('the check of answers finds what is wrong with one', { skip }, () => {
  const checks = new Checks({ swaggerPath: SWAGGER, strict: true, zodEmails: 'report' });
  const operation = checks.operations.find((o) => o.template === '/api/users/bulkUpdate');
  const good = { successCount: 1, failCount: 0, failedUpdates: { invalidEmails: [] } };
  assert.deepEqual(checks.checkAnswer(operation, 200, good), []);
  assert.equal(checks.checkAnswer(operation, 200, { successCount: 1 }).length, 1);
  assert.equal(checks.checkAnswer(operation, 200, { ...good, extra: 1 }).length, 1);
  assert.equal(
    checks.checkAnswer(operation, 200, { ...good, failedUpdates: { invalidEmails: [5] } }).length,
    1,
  );
  assert.equal(checks.checkAnswer(operation, 400, { code: 'Nonsense', msg: '' }).length, 1);
  assert.deepEqual(
    checks.checkAnswer(operation, 400, { code: 'BadParams', msg: '', params: null }),
    [],
  );
});

test('the first line says which checks are on', async () => {
  const without = await start({
    swagger: '/nowhere/iterable_swagger.json',
    'project-type': 'userid',
  });
  assert.match(
    without.line,
    /^listening on http:\/\/127\.0\.0\.1:\d+ \(project type userid; checks: own schema \(no Swagger found\) strict \+ zod of @iterable\/api [\d.]+\)$/,
  );
  assert.equal((await without.bulk([{ userId: 'u' }])).body.successCount, 1);
  await without.stop();
});

test('the first line names the Swagger that is used', { skip }, async () => {
  const server = await start();
  assert.match(server.line, /checks: Swagger 1\.8 strict \+ zod of @iterable\/api/);
  await server.stop();
});

test('the version of zod rules in the first line is the one that is installed', async () => {
  const file = resolve(FOLDER, 'node_modules/@iterable/api/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8'));
  const server = await start({ swagger: 'none' });
  assert.ok(server.line.includes(`@iterable/api ${version}`));
  await server.stop();
});

test('unknown properties can be allowed', async () => {
  for (const swagger of ['none', ...(HAS_SWAGGER ? [SWAGGER] : [])]) {
    const server = await start({ strict: 'false', swagger });
    const { status } = await server.bulk([{ email: 'a@x.org', junk: 1 }], { junk: 2 });
    assert.equal(status, 200);
    assert.equal((await server.api('POST', '/api/users/bulkUpdate', { users: [5] })).status, 400);
    await server.stop();
  }
});

test('malformed e-mails can be refused as zod wants', async () => {
  const server = await start({ 'zod-emails': 'refuse' });
  const { status, body } = await server.bulk([{ email: 'ok@x.org' }, { email: 'sayan' }]);
  assert.deepEqual(
    [status, body.code, Object.keys(body.params)],
    [400, 'BadJsonBody', ['obj.users[1].email']],
  );
  assert.deepEqual(await server.violations(), ['zod']);
  await server.stop();
});
