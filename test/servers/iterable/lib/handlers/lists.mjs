// /api/lists: static lists and who is on them.

import { answer, failure, success } from '../answers.mjs';
import { applyAll } from './bulk.mjs';

export function createList(ctx) {
  const { name, description } = ctx.body;
  const list = {
    id: ctx.store.nextListId,
    name,
    createdAt: ctx.now.getTime(),
    listType: 'Standard',
  };
  if (description !== undefined) list.description = description;
  ctx.txn.record({ op: 'list', list });
  return answer(200, { listId: list.id });
}

export function getLists(ctx) {
  return answer(200, { lists: [...ctx.store.lists.values()].reverse() });
}

export function deleteList(ctx) {
  const id = ctx.values.path.listId;
  if (!ctx.store.lists.has(id)) return unknownList(ctx, id);
  for (const user of ctx.store.users.values()) {
    if (user.lists.includes(id))
      ctx.txn.put({ ...user, lists: user.lists.filter((l) => l !== id) });
  }
  ctx.txn.record({ op: 'unlist', id });
  return success(`List ${id} in Project ${ctx.options.projectName} was successfully deleted.`);
}

export function listSize(ctx) {
  const id = ctx.values.path.listId;
  if (!ctx.store.lists.has(id)) return unknownList(ctx, id);
  return answer(200, String(members(ctx, id).length));
}

/** One identifier a line; the userId in userID-based projects and where `preferUserId` asks. */
export function listUsers(ctx) {
  const { listId, preferUserId } = ctx.values.query;
  if (!ctx.store.lists.has(listId)) return unknownList(ctx, listId);
  const first =
    ctx.project === 'userid' || preferUserId ? ['userId', 'email'] : ['email', 'userId'];
  const lines = members(ctx, listId).map((user) => `${user[first[0]] ?? user[first[1]]}\n`);
  return answer(200, lines.sort().join(''));
}

export function subscribe(ctx) {
  const { listId, subscribers, updateExistingUsersOnly } = ctx.body;
  if (!ctx.store.lists.has(listId)) return unknownList(ctx, listId);
  const { refused, outcome, pass } = applyAll(ctx, 'subscribers', subscribers, {
    createNew: ctx.options.createNewFields,
    mayCreate: ctx.project === 'email' || updateExistingUsersOnly !== true,
    finish: (user) =>
      user.lists.includes(listId) ? user : { ...user, lists: [...user.lists, listId] },
  });
  return refused ?? answer(200, outcome.body(pass.created.keys(), pass.filtered));
}

export function unsubscribe(ctx) {
  const { listId, subscribers, channelUnsubscribe } = ctx.body;
  if (!ctx.store.lists.has(listId)) return unknownList(ctx, listId);
  if (channelUnsubscribe === true) {
    ctx.note('channel-unsubscribe', 'channelUnsubscribe: true takes people off the whole channel');
  }
  const { refused, outcome, pass } = applyAll(ctx, 'subscribers', subscribers, {
    createNew: false,
    mayCreate: false,
    finish: (user) => ({ ...user, lists: user.lists.filter((id) => id !== listId) }),
  });
  return refused ?? answer(200, outcome.body(pass.created.keys(), pass.filtered));
}

// Real answers to an unknown list have the code "Success" with status 400; kept, because a client
// that reads the code instead of the status would take them for one.
export function unknownList(ctx, listId) {
  const params = { projectName: ctx.options.projectName, listId };
  return failure(400, 'Success', `error.lists.invalidListId(${listId})`, params);
}

function members(ctx, id) {
  return [...ctx.store.users.values()].filter((user) => user.lists.includes(id));
}
