// /api/users/updateSubscriptions and its bulk form: every list that is named is overwritten.

import { answer, failure } from '../answers.mjs';
import { applyAll } from './bulk.mjs';
import { unknownList } from './lists.mjs';
import { confirmOne } from './users.mjs';

const LISTS = ['unsubscribedChannelIds', 'unsubscribedMessageTypeIds', 'subscribedMessageTypeIds'];

export function updateSubscriptions(ctx) {
  return refuse(ctx, [ctx.body]) ?? confirmOne(ctx, overwrite(ctx, null, [ctx.body]));
}

export function bulkUpdateSubscriptions(ctx) {
  const items = ctx.body.updateSubscriptionsRequests;
  const early = refuse(ctx, items);
  if (early !== null) return early;
  const { refused, outcome } = overwrite(ctx, 'updateSubscriptionsRequests', items);
  if (refused) return refused;
  // This endpoint knows two kinds of failure only; "internal" ones are worth another try.
  const internal = {
    email: outcome.failed.invalidDataEmails,
    userId: outcome.failed.invalidDataUserIds,
  };
  const invalid = (kind) =>
    outcome.deprecated[kind].filter((value) => !internal[kind].includes(value));
  return answer(200, {
    successCount: outcome.successCount,
    failCount: outcome.failCount,
    invalidEmails: invalid('email'),
    invalidUserIds: invalid('userId'),
    validEmailFailures: internal.email,
    validUserIdFailures: internal.userId,
  });
}

function overwrite(ctx, name, items) {
  return applyAll(ctx, name, items, {
    createNew: false,
    finish: (user, item) => {
      const subscriptions = { ...user.subscriptions };
      for (const list of LISTS) if (item[list] !== undefined) subscriptions[list] = item[list];
      return { ...user, subscriptions, lists: item.emailListIds ?? user.lists };
    },
  });
}

function refuse(ctx, items) {
  for (const item of items) {
    const unknown = (item.emailListIds ?? []).find((id) => !ctx.store.lists.has(id));
    if (unknown !== undefined) return unknownList(ctx, unknown);
    if (item.subscribedMessageTypeIds !== undefined && !ctx.options.optInMessageTypes) {
      const msg = 'subscribedMessageTypeIds needs the opt-in message types feature';
      return failure(400, 'BadParams', `[${ctx.path}] ${msg}`);
    }
  }
  return null;
}
