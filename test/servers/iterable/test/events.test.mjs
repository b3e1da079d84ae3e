// Events, purchases and carts.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-type': 'userid' });
});
after(() => server.stop());
beforeEach(() => server.reset());

const post = (path, body) => server.api('POST', `/api/${path}`, body);
const bulk = async (events) => (await post('events/trackBulk', { events })).body;
const ITEMS = [{ id: '1', name: 'Massage', price: 80.5, quantity: 1 }];

test('an event with the id of one that is there updates it', async () => {
  await server.bulk([{ userId: 'u' }]);
  const event = { userId: 'u', eventName: 'visit', id: 'e1', createdAt: 1767225600 };
  assert.equal((await bulk([{ ...event, dataFields: { n: 1 } }])).successCount, 1);
  await bulk([{ ...event, dataFields: { n: 2 } }]);
  const [only, ...more] = await server.admin('GET', 'events');
  assert.deepEqual([only.id, only.userId, only.dataFields, more], ['e1', 'u', { n: 2 }, []]);
});

test('nobody is made by an event', async () => {
  await server.bulk([{ userId: 'u' }]);
  const body = await bulk([
    { userId: 'u', eventName: 'visit' },
    { userId: 'no', eventName: 'visit' },
    { userId: 'bad ', eventName: 'visit' },
  ]);
  assert.deepEqual([body.successCount, body.failCount], [1, 2]);
  assert.deepEqual(body.failedUpdates.notFoundUserIds, ['no']);
  assert.deepEqual(body.failedUpdates.invalidUserIds, ['bad ']);
  assert.equal((await server.users()).length, 1);
});

test('events that are not tracked are named', async () => {
  await server.bulk([{ userId: 'u' }]);
  await server.admin('POST', 'settings', { disallowed_events: 'secret' });
  const body = await bulk([{ userId: 'u', eventName: 'secret' }]);
  assert.deepEqual([body.successCount, body.disallowedEventNames], [0, ['secret']]);
  const single = await post('events/track', { userId: 'u', eventName: 'secret' });
  assert.match(single.body.msg, /is disallowed from tracking/);
  await server.admin('POST', 'settings', { disallowed_events: '' });
});

test('a person twice in one request is a violation, and so is a long id', async () => {
  await server.bulk([{ userId: 'u' }]);
  await bulk([
    { userId: 'u', eventName: 'a' },
    { userId: 'u', eventName: 'b' },
  ]);
  assert.deepEqual(await server.violations(), ['duplicate-identifier']);
  const long = await post('events/trackBulk', {
    events: [{ userId: 'u', eventName: 'a', id: 'é'.repeat(300) }],
  });
  assert.equal(long.status, 400);
});

test('a cart is kept, and a purchase clears it and makes the person', async () => {
  await post('commerce/updateCart', { user: { userId: 'u' }, items: ITEMS });
  assert.deepEqual((await server.users())[0].dataFields.shoppingCartItems, ITEMS);
  const bought = await post('commerce/trackPurchase', {
    user: { userId: 'u' },
    items: ITEMS,
    total: 80.5,
    id: 'p1',
  });
  assert.deepEqual(bought.body, { msg: '', code: 'Success', params: null });
  const [user] = await server.users();
  assert.equal(user.dataFields.shoppingCartItems, undefined);
  const [purchase] = await server.admin('GET', 'events');
  assert.deepEqual([purchase.kind, purchase.id, purchase.total], ['purchase', 'p1', 80.5]);
  await server.admin('POST', 'forgotten', { userIds: ['f'] });
  const forgotten = await post('commerce/updateCart', { user: { userId: 'f' }, items: ITEMS });
  assert.deepEqual([forgotten.status, forgotten.body.code], [409, 'ForgottenUserError']);
});
