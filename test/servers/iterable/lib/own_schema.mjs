// What Sluice may send, in our own words: the checks where Iterable's Swagger is not at hand.
// Written from the facts page; kept honest by the tests, which run the list of invalid requests
// once with the Swagger and once with this.

import { newAjv } from './swagger.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const id = { type: 'integer', format: 'int64' };
const ids = { type: 'array', items: id };

function object(properties, required = []) {
  return { type: 'object', properties, required, additionalProperties: false };
}

function arrayOf(items) {
  return { type: 'array', items };
}

const person = { email: text, userId: text };
const profile = {
  ...person,
  dataFields: { type: 'object' },
  mergeNestedObjects: flag,
  preferUserId: flag,
};
const subscriptions = object({
  ...person,
  emailListIds: ids,
  unsubscribedChannelIds: ids,
  unsubscribedMessageTypeIds: ids,
  subscribedMessageTypeIds: ids,
  campaignId: id,
  templateId: id,
  validateChannelAlignment: flag,
});
const subscribe = object(
  { listId: id, subscribers: arrayOf(object(profile)), updateExistingUsersOnly: flag },
  ['listId', 'subscribers'],
);
const unsubscribe = object(
  { listId: id, subscribers: arrayOf(object(person)), campaignId: id, channelUnsubscribe: flag },
  ['listId', 'subscribers'],
);

const event = object(
  {
    ...person,
    eventName: text,
    id: text,
    createdAt: id,
    dataFields: { type: 'object' },
    campaignId: id,
    templateId: id,
    createNewFields: flag,
  },
  ['eventName'],
);
const commerceItem = object(
  {
    id: text,
    name: text,
    price: { type: 'number' },
    quantity: id,
    sku: text,
    description: text,
    categories: arrayOf(text),
    imageUrl: text,
    url: text,
    dataFields: { type: 'object' },
  },
  ['id', 'name', 'price', 'quantity'],
);

const BODIES = {
  'POST /api/users/bulkUpdate': object({ users: arrayOf(object(profile)), createNewFields: flag }, [
    'users',
  ]),
  'POST /api/users/update': object({ ...profile, createNewFields: flag }),
  'POST /api/users/updateEmail': object(
    { currentEmail: text, currentUserId: text, newEmail: text },
    ['newEmail'],
  ),
  'POST /api/users/forget': object(person),
  'POST /api/users/unforget': object(person),
  'POST /api/users/updateSubscriptions': subscriptions,
  'POST /api/users/bulkUpdateSubscriptions': object(
    { updateSubscriptionsRequests: arrayOf(subscriptions) },
    ['updateSubscriptionsRequests'],
  ),
  'POST /api/lists': object({ name: text, description: text }, ['name']),
  'POST /api/lists/subscribe': subscribe,
  'POST /api/lists/unsubscribe': unsubscribe,
  'POST /api/events/trackBulk': object({ events: arrayOf(event) }, ['events']),
  'POST /api/events/track': event,
  'POST /api/commerce/trackPurchase': object(
    {
      user: object({ ...profile, createNewFields: flag }),
      items: arrayOf(commerceItem),
      total: { type: 'number' },
      id: text,
      createdAt: id,
      dataFields: { type: 'object' },
      campaignId: id,
      templateId: id,
    },
    ['items', 'total', 'user'],
  ),
  'POST /api/commerce/updateCart': object(
    { user: object({ ...profile, createNewFields: flag }), items: arrayOf(commerceItem) },
    ['items', 'user'],
  ),
  'PUT /api/catalogs/{catalogName}/fieldMappings': object(
    { mappingsUpdates: arrayOf(object({ fieldName: text, fieldType: text }, ['fieldName', 'fieldType'])) },
    ['mappingsUpdates'],
  ),
  'POST /api/catalogs/{catalogName}/items': object(
    { documents: { type: 'object' }, replaceUploadedFieldsOnly: flag },
    ['documents', 'replaceUploadedFieldsOnly'],
  ),
  'DELETE /api/catalogs/{catalogName}/items': object({ itemIds: arrayOf(text) }, ['itemIds']),
  'PUT /api/catalogs/{catalogName}/items/{itemId}': object({ value: { type: 'object' } }, ['value']),
  'PATCH /api/catalogs/{catalogName}/items/{itemId}': object({ update: { type: 'object' } }, [
    'update',
  ]),
};

const PARAMETERS = {
  'GET /api/users/getByEmail': [queryText('email')],
  'GET /api/users/byUserId': [queryText('userId')],
  'GET /api/users/byUserId/{userId}': [pathText('userId')],
  'DELETE /api/users/byUserId/{userId}': [pathText('userId')],
  'GET /api/users/{email}': [pathText('email')],
  'DELETE /api/users/{email}': [pathText('email')],
  'GET /api/users/getFields': [],
  'GET /api/users/forgotten': [],
  'GET /api/users/forgottenUserIds': [],
  'GET /api/lists': [],
  'DELETE /api/lists/{listId}': [listId('path')],
  'GET /api/lists/{listId}/size': [listId('path')],
  'GET /api/lists/getUsers': [
    listId('query'),
    { in: 'query', name: 'preferUserId', type: 'boolean' },
  ],
  'GET /api/export/data.json': [
    { ...queryText('dataTypeName'), required: true },
    ...['range', 'startDateTime', 'endDateTime', 'omitFields'].map(queryText),
    { in: 'query', name: 'onlyFields', type: 'array', items: text, collectionFormat: 'multi' },
  ],
};

const catalog = [pathText('catalogName')];
const item = [pathText('catalogName'), pathText('itemId')];
const pages = ['page', 'pageSize'].map((name) => ({ in: 'query', name, type: 'integer' }));
Object.assign(PARAMETERS, {
  'GET /api/catalogs': pages,
  'POST /api/catalogs/{catalogName}': catalog,
  'DELETE /api/catalogs/{catalogName}': catalog,
  'GET /api/catalogs/{catalogName}/fieldMappings': catalog,
  'GET /api/catalogs/{catalogName}/items': [...catalog, ...pages],
  'GET /api/catalogs/{catalogName}/items/{itemId}': item,
  'DELETE /api/catalogs/{catalogName}/items/{itemId}': item,
});

// Of what has a body.
function parametersOf(key) {
  if (!key.includes('{catalogName}')) return [];
  return key.includes('{itemId}') ? item : catalog;
}

function pathText(name) {
  return { in: 'path', name, required: true, type: 'string' };
}

function queryText(name) {
  return { in: 'query', name, type: 'string' };
}

function listId(where) {
  return { in: where, name: 'listId', required: true, type: 'integer' };
}

/** The same shape of operations as Swagger gives, for the endpoints that are built here. */
export function ownOperations(strict) {
  const ajv = newAjv();
  const operation = (key, parameters, body) => {
    const [method, template] = key.split(' ');
    return {
      method,
      template,
      parameters,
      bodyRequired: body !== null,
      body: body === null ? null : memo(() => ajv.compile(strict ? body : opened(body))),
      answer: null,
    };
  };
  return [
    ...Object.entries(BODIES).map(([key, body]) => operation(key, parametersOf(key), body)),
    ...Object.entries(PARAMETERS).map(([key, parameters]) => operation(key, parameters, null)),
  ];
}

function memo(make) {
  let made = null;
  return () => (made ??= make());
}

function opened(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll(',"additionalProperties":false', ''));
}
