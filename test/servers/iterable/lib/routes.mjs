// The endpoints: which are built here, and how a path finds its operation.

import * as catalogs from './handlers/catalogs.mjs';
import * as events from './handlers/events.mjs';
import * as exports from './handlers/exports.mjs';
import * as forget from './handlers/forget.mjs';
import * as lists from './handlers/lists.mjs';
import * as subscriptions from './handlers/subscriptions.mjs';
import * as users from './handlers/users.mjs';

/**
 * "METHOD path" → {run, items, lane, family}. `items` names the list of people, or items, in the body
 * (null: the body is one person). `lane` says whether people are written by bulk or by single calls; of
 * events, a family of their own, whether they are told so.
 */
export const HANDLERS = {
  'POST users/bulkUpdate': { run: users.bulkUpdate, items: 'users', lane: 'bulk' },
  'POST users/update': { run: users.update, items: null, lane: 'single' },
  'POST users/updateEmail': { run: users.updateEmail, items: null, lane: 'single' },
  'GET users/getByEmail': { run: users.getByEmail },
  'GET users/{email}': { run: users.getByEmail },
  'GET users/byUserId': { run: users.getByUserId },
  'GET users/byUserId/{userId}': { run: users.getByUserId },
  'GET users/getFields': { run: users.getFields },
  'DELETE users/{email}': { run: users.deleteByEmail, lane: 'single' },
  'DELETE users/byUserId/{userId}': { run: users.deleteByUserId, lane: 'single' },
  'POST users/forget': { run: forget.forget, items: null, lane: 'single' },
  'POST users/unforget': { run: forget.unforget, items: null, lane: 'single' },
  'GET users/forgotten': { run: forget.forgottenEmails },
  'GET users/forgottenUserIds': { run: forget.forgottenUserIds },
  'POST users/updateSubscriptions': {
    run: subscriptions.updateSubscriptions,
    items: null,
    lane: 'single',
  },
  'POST users/bulkUpdateSubscriptions': {
    run: subscriptions.bulkUpdateSubscriptions,
    items: 'updateSubscriptionsRequests',
    lane: 'bulk',
  },
  'GET lists': { run: lists.getLists },
  'POST lists': { run: lists.createList },
  'DELETE lists/{listId}': { run: lists.deleteList },
  'GET lists/{listId}/size': { run: lists.listSize },
  'GET lists/getUsers': { run: lists.listUsers },
  'POST lists/subscribe': { run: lists.subscribe, items: 'subscribers', lane: 'bulk' },
  'POST lists/unsubscribe': { run: lists.unsubscribe, items: 'subscribers', lane: 'bulk' },
  'POST events/trackBulk': {
    run: events.trackBulk,
    items: 'events',
    lane: 'bulk',
    family: 'event',
  },
  'POST events/track': { run: events.track, items: null, lane: 'single', family: 'event' },
  'POST commerce/trackPurchase': { run: events.trackPurchase, items: null, lane: 'single' },
  'POST commerce/updateCart': { run: events.updateCart, items: null, lane: 'single' },
  'GET export/data.json': { run: exports.dataJson },
  'GET catalogs': { run: catalogs.getCatalogs },
  'POST catalogs/{catalogName}': { run: catalogs.createCatalog },
  'DELETE catalogs/{catalogName}': { run: catalogs.deleteCatalog },
  'GET catalogs/{catalogName}/fieldMappings': { run: catalogs.getMappings },
  'PUT catalogs/{catalogName}/fieldMappings': { run: catalogs.putMappings },
  'GET catalogs/{catalogName}/items': { run: catalogs.getItems },
  'POST catalogs/{catalogName}/items': { run: catalogs.bulkItems, items: 'documents' },
  'DELETE catalogs/{catalogName}/items': { run: catalogs.deleteItems, items: 'itemIds' },
  'GET catalogs/{catalogName}/items/{itemId}': { run: catalogs.getItem },
  'PUT catalogs/{catalogName}/items/{itemId}': { run: catalogs.putItem },
  'PATCH catalogs/{catalogName}/items/{itemId}': { run: catalogs.patchItem },
  'DELETE catalogs/{catalogName}/items/{itemId}': { run: catalogs.deleteItem },
};

export class Routes {
  constructor(operations) {
    this.routes = operations.map((operation) => {
      const parts = operation.template.split('/').slice(1);
      const endpoint = `${operation.method} ${operation.template.replace('/api/', '')}`;
      const variables = parts.filter(isVariable).length;
      return { operation, parts, endpoint, variables, handler: HANDLERS[endpoint] ?? null };
    });
    // "users/getByEmail" comes before "users/{email}".
    this.routes.sort((a, b) => a.variables - b.variables);
  }

  /** Finds {operation, endpoint, handler, path: values} for a request, or null. */
  find(method, pathname) {
    const parts = pathname.split('/').slice(1);
    for (const route of this.routes) {
      if (route.operation.method !== method || route.parts.length !== parts.length) continue;
      const path = valuesOf(route.parts, parts);
      if (path !== null) return { ...route, path };
    }
    return null;
  }
}

function isVariable(part) {
  return part.startsWith('{');
}

function valuesOf(template, parts) {
  const values = {};
  for (const [i, part] of template.entries()) {
    if (isVariable(part)) values[part.slice(1, -1)] = decoded(parts[i]);
    else if (part !== parts[i]) return null;
  }
  return values;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
