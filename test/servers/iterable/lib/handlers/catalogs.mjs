// /api/catalogs: catalogs, their items and the types of their fields. Items are written some time after
// the answer (--catalog-delay-ms): until then a GET shows what was there before.

import { answer, failure, success } from '../answers.mjs';
import { stringify } from '../json_text.mjs';

const NAME = /^[A-Za-z0-9-]{1,255}$/;
const TYPES = ['boolean', 'date', 'geo_location', 'long', 'double', 'object', 'string'];
const MOST_ITEMS = 1000;
const MOST_BYTES = 30_000; // the smaller reading of "30kb"

export function createCatalog(ctx) {
  const name = ctx.values.path.catalogName;
  if (!NAME.test(name)) return badName(ctx, name);
  if (ctx.store.catalogs.has(name)) {
    return failure(400, 'BadParams', `A catalog with the name ${name} already exists`);
  }
  ctx.txn.record({ op: 'catalog', name });
  return answer(201, { msg: '', code: 'Success', params: null });
}

export function getCatalogs(ctx) {
  const { page = 1, pageSize = 10 } = ctx.values.query;
  const names = [...ctx.store.catalogs.keys()].sort();
  const shown = names.slice((page - 1) * pageSize, page * pageSize).map((name) => ({ name }));
  return answer(200, { catalogNames: shown, totalCatalogsCount: names.length });
}

export function deleteCatalog(ctx) {
  const name = ctx.values.path.catalogName;
  if (!ctx.store.catalogs.has(name)) return unknownCatalog(name);
  ctx.txn.record({ op: 'uncatalog', name });
  return success();
}

export function getMappings(ctx) {
  const catalog = ctx.store.catalogs.get(ctx.values.path.catalogName);
  if (catalog === undefined) return unknownCatalog(ctx.values.path.catalogName);
  const fields = new Set();
  for (const { value } of catalog.items.values()) {
    for (const field of Object.keys(value ?? {})) fields.add(field);
  }
  return answer(200, {
    definedMappings: Object.fromEntries([...catalog.mappings].sort()),
    undefinedFields: [...fields].filter((field) => !catalog.mappings.has(field)).sort(),
  });
}

export function putMappings(ctx) {
  const name = ctx.values.path.catalogName;
  const catalog = ctx.store.catalogs.get(name);
  if (catalog === undefined) return unknownCatalog(name);
  const mappings = [];
  for (const { fieldName, fieldType } of ctx.body.mappingsUpdates) {
    if (!TYPES.includes(fieldType)) {
      return failure(400, 'BadParams', `${fieldType} is no type of a catalog's field`);
    }
    const known = catalog.mappings.get(fieldName);
    if (known !== undefined && known !== fieldType) {
      return failure(400, 'BadParams', `The type of ${fieldName} is ${known} and cannot be changed`);
    }
    mappings.push([fieldName, fieldType]);
  }
  ctx.txn.record({ op: 'mappings', name, mappings });
  return success();
}

export function bulkItems(ctx) {
  const { documents, replaceUploadedFieldsOnly } = ctx.body;
  const entries = Object.entries(documents);
  if (entries.length > MOST_ITEMS) {
    return failure(400, 'BatchTooLarge', `${entries.length} items, at most ${MOST_ITEMS} are taken`);
  }
  return write(ctx, entries, replaceUploadedFieldsOnly);
}

export function deleteItems(ctx) {
  const { itemIds } = ctx.body;
  return write(
    ctx,
    itemIds.map((id) => [id, null]),
    false,
  );
}

export function putItem(ctx) {
  return write(ctx, [[ctx.values.path.itemId, ctx.body.value]], false);
}

export function patchItem(ctx) {
  return write(ctx, [[ctx.values.path.itemId, ctx.body.update]], true);
}

export function deleteItem(ctx) {
  return write(ctx, [[ctx.values.path.itemId, null]], false);
}

export function getItem(ctx) {
  const { catalogName, itemId } = ctx.values.path;
  const catalog = ctx.store.catalogs.get(catalogName);
  if (catalog === undefined) return unknownCatalog(catalogName);
  const value = visible(catalog.items.get(itemId), ctx.now.getTime());
  if (value === null) return failure(404, 'NotFound', `No item ${itemId} in ${catalogName}`);
  return answer(200, {
    catalogName,
    itemId,
    lastModified: ctx.now.toISOString(),
    size: Buffer.byteLength(stringify(value)),
    value,
  });
}

export function getItems(ctx) {
  const { catalogName } = ctx.values.path;
  const { page = 1, pageSize = 10 } = ctx.values.query;
  const catalog = ctx.store.catalogs.get(catalogName);
  if (catalog === undefined) return unknownCatalog(catalogName);
  const now = ctx.now.getTime();
  const there = [...catalog.items]
    .map(([itemId, item]) => ({ itemId, value: visible(item, now) }))
    .filter(({ value }) => value !== null);
  const shown = there.slice((page - 1) * pageSize, page * pageSize).map(({ itemId, value }) => ({
    catalogName,
    itemId,
    lastModified: ctx.now.toISOString(),
    size: Buffer.byteLength(stringify(value)),
    value,
  }));
  return answer(200, { catalogItemsWithProperties: shown, totalItemsCount: there.length });
}

// One bad item refuses the request, and no answer says what became of a single one.
function write(ctx, entries, merge) {
  const name = ctx.values.path.catalogName;
  const catalog = ctx.store.catalogs.get(name);
  if (catalog === undefined) return unknownCatalog(name);
  const items = [];
  for (const [id, value] of entries) {
    const wrong = NAME.test(id) ? problemOf(value) : 'is no id of an item';
    if (wrong !== null) {
      ctx.note('catalog-item', `an item ${wrong}`);
      return failure(400, 'BadParams', `[${ctx.path}] ${id} ${wrong}`);
    }
    const old = merge ? (catalog.items.get(id)?.value ?? {}) : {};
    items.push([id, value === null ? null : { ...old, ...value }]);
  }
  const at = ctx.now.getTime();
  ctx.txn.record({ op: 'items', name, items, at, from: at + ctx.options.catalogDelayMs });
  return answer(202, { msg: 'Request received', code: 'Success', params: null });
}

function problemOf(value) {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return 'is no object';
  if (Buffer.byteLength(stringify(value)) > MOST_BYTES) return `is larger than ${MOST_BYTES} bytes`;
  return hasPeriod(value) ? 'has a field with a period in its name' : null;
}

function hasPeriod(value) {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasPeriod);
  return Object.entries(value).some(([key, inner]) => key.includes('.') || hasPeriod(inner));
}

/** What a GET shows of `item` at `now`, null where there is nothing. */
export function visible(item, now) {
  if (item === undefined) return null;
  return now >= item.from ? item.value : item.before;
}

function badName(ctx, name) {
  ctx.note('catalog-name', `${name} is no name of a catalog`);
  return failure(400, 'BadParams', 'Catalog names are alphanumeric characters and dashes, at most 255');
}

function unknownCatalog(name) {
  return failure(404, 'NotFound', `No catalog with the name ${name}`);
}
