// The request schemas of Iterable's own client, by endpoint.
//
// They are taken from the files that define them: the package's main module also sets up its logger
// and reads its environment. A schema that describes a method's parameters rather than a body
// (getUserByEmail, deleteList, …) is given the path and query values.

import {
  BulkDeleteCatalogItemsParamsSchema,
  CreateCatalogParamsSchema,
  GetCatalogItemParamsSchema,
  PartialUpdateCatalogItemParamsSchema,
  PartialUpdateCatalogItemsParamsSchema,
  ReplaceCatalogItemParamsSchema,
  UpdateCatalogFieldMappingsParamsSchema,
} from '@iterable/api/dist/types/catalogs.js';
import {
  TrackBulkEventsParamsSchema,
  TrackEventParamsSchema,
} from '@iterable/api/dist/types/events.js';
import {
  CreateListParamsSchema,
  DeleteListParamsSchema,
  GetListSizeParamsSchema,
  GetListUsersParamsSchema,
  SubscribeToListParamsSchema,
  UnsubscribeFromListParamsSchema,
} from '@iterable/api/dist/types/lists.js';
import {
  BulkUpdateUsersParamsSchema,
  DeleteUserByEmailParamsSchema,
  DeleteUserByUserIdParamsSchema,
  GetUserByEmailParamsSchema,
  GetUserByIdParamsSchema,
  UpdateEmailParamsSchema,
  UpdateUserParamsSchema,
  UpdateUserSubscriptionsParamsSchema,
} from '@iterable/api/dist/types/users.js';

const body = (schema) => (request) => schema.safeParse(request.body).error?.issues ?? [];
const values = (schema) => (request) =>
  schema.safeParse({ ...request.query, ...request.path }).error?.issues ?? [];

const everything = (schema) => (request) =>
  schema.safeParse({ ...request.path, ...request.body }).error?.issues ?? [];

// The package has no schema for this body, only for one element of it.
function eachSubscription(request) {
  const key = 'updateSubscriptionsRequests';
  const items = Array.isArray(request.body?.[key]) ? request.body[key] : [];
  return items.flatMap((item, index) =>
    (UpdateUserSubscriptionsParamsSchema.safeParse(item).error?.issues ?? []).map((issue) => ({
      ...issue,
      path: [key, index, ...issue.path],
    })),
  );
}

/** Endpoint → (request) → zod issues. */
export const ZOD_RULES = {
  'POST /api/users/bulkUpdate': body(BulkUpdateUsersParamsSchema),
  'POST /api/users/update': body(UpdateUserParamsSchema),
  'POST /api/users/updateEmail': body(UpdateEmailParamsSchema),
  'POST /api/users/updateSubscriptions': body(UpdateUserSubscriptionsParamsSchema),
  'POST /api/users/bulkUpdateSubscriptions': eachSubscription,
  'POST /api/lists': body(CreateListParamsSchema),
  'POST /api/lists/subscribe': body(SubscribeToListParamsSchema),
  'POST /api/lists/unsubscribe': body(UnsubscribeFromListParamsSchema),
  'POST /api/events/trackBulk': body(TrackBulkEventsParamsSchema),
  'POST /api/events/track': body(TrackEventParamsSchema),
  'POST /api/catalogs/{catalogName}': values(CreateCatalogParamsSchema),
  'PUT /api/catalogs/{catalogName}/fieldMappings': everything(
    UpdateCatalogFieldMappingsParamsSchema,
  ),
  'POST /api/catalogs/{catalogName}/items': everything(PartialUpdateCatalogItemsParamsSchema),
  'DELETE /api/catalogs/{catalogName}/items': everything(BulkDeleteCatalogItemsParamsSchema),
  'GET /api/catalogs/{catalogName}/items/{itemId}': values(GetCatalogItemParamsSchema),
  'PUT /api/catalogs/{catalogName}/items/{itemId}': everything(ReplaceCatalogItemParamsSchema),
  'PATCH /api/catalogs/{catalogName}/items/{itemId}': everything(
    PartialUpdateCatalogItemParamsSchema,
  ),
  'GET /api/users/getByEmail': values(GetUserByEmailParamsSchema),
  'GET /api/users/{email}': values(GetUserByEmailParamsSchema),
  'DELETE /api/users/{email}': values(DeleteUserByEmailParamsSchema),
  'GET /api/users/byUserId': values(GetUserByIdParamsSchema),
  'GET /api/users/byUserId/{userId}': values(GetUserByIdParamsSchema),
  'DELETE /api/users/byUserId/{userId}': values(DeleteUserByUserIdParamsSchema),
  'DELETE /api/lists/{listId}': values(DeleteListParamsSchema),
  'GET /api/lists/{listId}/size': values(GetListSizeParamsSchema),
  'GET /api/lists/getUsers': values(GetListUsersParamsSchema),
};
