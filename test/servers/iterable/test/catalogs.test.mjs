// Catalogs: made, typed, written, merged, replaced, deleted, seen late.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { start } from './harness.mjs';

let server;
before(async () => {
  server = await start({ 'project-type': 'email' });
});
after(() => server.stop());
beforeEach(() => server.reset());

const api = (method, path, body) => server.api(method, `/api/catalogs${path}`, body);
const upload = (documents, replaceUploadedFieldsOnly = true) =>
  api('POST', '/spas/items', { documents, replaceUploadedFieldsOnly });
const ACCEPTED = { msg: 'Request received', code: 'Success', params: null };

test('a catalog is made once', async () => {
  assert.equal((await api('GET', '/spas/fieldMappings')).status, 404);
  assert.equal((await api('POST', '/spas')).status, 201);
  assert.equal((await api('POST', '/spas')).status, 400);
  assert.equal((await api('POST', '/no_underscores')).status, 400);
  const { body } = await api('GET', '');
  assert.deepEqual(body, { catalogNames: [{ name: 'spas' }], totalCatalogsCount: 1 });
  assert.equal((await api('DELETE', '/spas')).status, 200);
  assert.equal((await api('DELETE', '/spas')).status, 404);
});

test('items are merged, replaced and deleted', async () => {
  await api('POST', '/spas');
  assert.deepEqual((await upload({ a: { n: 1, city: 'Ulm' }, b: { n: 2 } })).body, ACCEPTED);
  await upload({ a: { n: 3 } });
  await upload({ b: { city: 'Bonn' } }, false);
  const all = (await server.admin('GET', 'catalogs')).spas.items;
  assert.deepEqual(all, { a: { n: 3, city: 'Ulm' }, b: { city: 'Bonn' } });
  const { body } = await api('GET', '/spas/items/a');
  assert.deepEqual([body.itemId, body.value], ['a', { n: 3, city: 'Ulm' }]);
  await api('PATCH', '/spas/items/a', { update: { n: 4 } });
  await api('PUT', '/spas/items/b', { value: { n: 5 } });
  assert.deepEqual((await api('DELETE', '/spas/items', { itemIds: ['a', 'none'] })).body, ACCEPTED);
  assert.equal((await api('GET', '/spas/items/a')).status, 404);
  assert.equal((await api('GET', '/spas/items')).body.totalItemsCount, 1);
});

test('one bad item refuses all of them, and is a violation', async () => {
  await api('POST', '/spas');
  for (const [documents, part] of [
    [{ a: { n: 1 }, 'a b': {} }, 'a b'],
    [{ a: { 'x.y': 1 } }, 'period'],
    [{ a: { x: { 'y.z': 1 } } }, 'period'],
    [{ a: { text: 'z'.repeat(30_000) } }, 'larger than 30000'],
  ]) {
    const { status, text } = await upload(documents);
    assert.equal(status, 400);
    assert.match(text, new RegExp(part));
  }
  assert.deepEqual((await server.admin('GET', 'catalogs')).spas.items, {});
  assert.equal((await server.violations()).length, 4);
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`i${i}`, {}]));
  assert.equal((await upload(many)).status, 400);
});

test('types of fields are for good', async () => {
  await api('POST', '/spas');
  const put = (fieldName, fieldType) =>
    api('PUT', '/spas/fieldMappings', { mappingsUpdates: [{ fieldName, fieldType }] });
  assert.equal((await put('n', 'long')).status, 200);
  assert.equal((await put('n', 'long')).status, 200);
  assert.equal((await put('n', 'double')).status, 400);
  assert.equal((await put('n', 'number')).status, 400);
  await upload({ a: { n: 1, city: 'Ulm' } });
  assert.deepEqual((await api('GET', '/spas/fieldMappings')).body, {
    definedMappings: { n: 'long' },
    undefinedFields: ['city'],
  });
});

test('items are seen some time after they were accepted', async () => {
  await server.admin('POST', 'settings', { catalog_delay_ms: 60_000 });
  await api('POST', '/spas');
  await upload({ a: { n: 1 } });
  assert.equal((await api('GET', '/spas/items/a')).status, 404);
  await server.admin('POST', 'clock', { offset_seconds: 61 });
  assert.deepEqual((await api('GET', '/spas/items/a')).body.value, { n: 1 });
  await server.admin('POST', 'settings', { catalog_delay_ms: 0 });
  await server.admin('POST', 'clock', { offset_seconds: 0 });
});

test('what is to be written to no catalog', async () => {
  assert.equal((await upload({ a: {} })).status, 404);
  await server.admin('POST', 'faults', { kind: 'accepted-and-lost' });
  await api('POST', '/spas');
  await api('POST', '/spas');
  await server.admin('POST', 'faults', { kind: 'accepted-and-lost' });
  assert.equal((await upload({ a: { n: 1 } })).status, 202);
  assert.equal((await api('GET', '/spas/items/a')).status, 404);
});
