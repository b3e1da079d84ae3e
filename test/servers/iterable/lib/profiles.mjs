// What one user object of a request does to one profile: the heart of bulkUpdate and update.

import { ExactNumber } from './json_text.mjs';
import { MANAGED_FIELDS } from './fields.mjs';
import { forgottenHash, identifierOf, isEmail, isUserId, normalEmail } from './identity.mjs';

/**
 * Finds or makes the profile that `item` names and works out its new state, without writing it.
 * `ctx`: {project, txn, pass, nowText, maxValueBytes, mayCreate, note}. Returns {user} or {failure}, a
 * failure being {reason, kind, value, identifier} as BulkOutcome.fail takes it.
 */
export function plan(ctx, item) {
  const named = locate(ctx, item);
  if (named.failure) return named;
  const { identifier } = named;
  const data = { ...item.dataFields };
  const identity = changeIdentity(ctx, named, data, identifierOf(ctx.project, item).other);
  if (identity.failure) return identity;
  for (const field of MANAGED_FIELDS) {
    if (!(field in data)) continue;
    ctx.note('managed-field', `${field} is Iterable's own field`);
    delete data[field];
  }
  if (hasTooLongValue(data, ctx.maxValueBytes)) {
    return { failure: failureOf('invalidData', identifier, identifier) };
  }
  const admitted = ctx.pass.admit(data);
  return { user: merged(identity.user, admitted, item.mergeNestedObjects === true) };
}

/**
 * The profile that `item` names: {user, identifier, isNew} or {failure}. A user that is not there
 * is made, unless `ctx.mayCreate` is false or an e-mail project is given a userId alone.
 */
export function locate(ctx, item) {
  const { kind, value } = identifierOf(ctx.project, item);
  const valid = kind === 'email' ? isEmail(value) : isUserId(value);
  if (!valid) {
    const bad = { kind, value };
    return { failure: failureOf('invalid', bad, bad) };
  }
  // What comes back in failures is what the server keeps: the lower-cased e-mail.
  const identifier = { kind, value: kind === 'email' ? normalEmail(value) : value };
  if (ctx.txn.isForgotten(kind, identifier.value)) {
    return { failure: failureOf('forgotten', identifier, identifier) };
  }
  const found = ctx.txn.find(kind, identifier.value);
  if (found.length > 1) {
    ctx.note('ambiguous-user', `${kind} ${identifier.value} names ${found.length} users`);
  }
  if (found.length > 0) return { user: found[0], identifier, isNew: false };
  if (!ctx.mayCreate) return { failure: failureOf('notFound', identifier, identifier) };
  if (ctx.project === 'email' && kind === 'userId' && item.preferUserId !== true) {
    return { failure: failureOf('invalid', identifier, identifier) };
  }
  return { user: blankUser(ctx, identifier), identifier, isNew: true };
}

/** Adds "user was touched" and hands the new state to the transaction. */
export function write(ctx, user) {
  ctx.txn.put({ ...user, managed: { ...user.managed, profileUpdatedAt: ctx.nowText } });
}

function failureOf(reason, { kind, value }, identifier) {
  return { reason, kind, value, identifier };
}

function blankUser(ctx, { kind, value }) {
  const id = ctx.txn.newUserId();
  // E-mail projects have no profile without an e-mail; unknown people get one that is never mailed.
  const placeholder =
    ctx.project === 'email' ? `${forgottenHash(value).slice(0, 32)}@placeholder.email` : null;
  const created = ctx.nowText;
  return {
    id,
    email: kind === 'email' ? value : placeholder,
    userId: kind === 'userId' ? value : null,
    fields: {},
    managed: { signupDate: created, signupSource: 'API', documentCreatedAt: created },
    lists: [],
    subscriptions: {},
  };
}

/**
 * Takes `email` and `userId` out of the data fields and makes them the profile's identity, as far
 * as the project lets them change. `other` is the second identifier of the user object, if any.
 */
function changeIdentity(ctx, { user, identifier }, data, other) {
  let next = user;
  for (const kind of ['email', 'userId']) {
    const second = identifier.kind !== kind ? other : undefined;
    const wanted = Object.hasOwn(data, kind) ? data[kind] : second;
    if (wanted === undefined) continue;
    if (wanted !== null && typeof wanted !== 'string') {
      // Not a string: the field's type says so, together with all other fields.
      ctx.pass.admit({ [kind]: wanted });
      delete data[kind];
      continue;
    }
    delete data[kind];
    const changed = setIdentity(ctx, next, kind, wanted, identifier);
    if (changed.failure) return changed;
    next = changed.user;
  }
  return { user: next };
}

function setIdentity(ctx, user, kind, wanted, identifier) {
  const value = kind === 'email' && wanted !== null ? normalEmail(wanted) : wanted;
  if (value === user[kind]) return { user };
  const invalidData = { failure: failureOf('invalidData', identifier, identifier) };
  const isProjectKey = ctx.project === (kind === 'email' ? 'email' : 'userid');
  // The project's own identifier never changes through a profile update.
  if (isProjectKey) return invalidData;
  if (value === null) {
    const other = kind === 'email' ? 'userId' : 'email';
    return user[other] === null ? invalidData : { user: { ...user, [kind]: null } };
  }
  if (!(kind === 'email' ? isEmail(wanted) : isUserId(wanted))) {
    return { failure: failureOf('invalid', { kind, value: wanted }, identifier) };
  }
  if (ctx.txn.isForgotten(kind, value)) {
    return { failure: failureOf('forgotten', { kind, value }, identifier) };
  }
  if (ctx.project === 'hybrid' && ctx.txn.find(kind, value).length > 0) {
    return { failure: failureOf('conflict', { kind, value }, identifier) };
  }
  return { user: { ...user, [kind]: value } };
}

const LIST_FIELDS = ['emailListIds', 'userListIds'];
const SUBSCRIPTION_FIELDS = [
  'subscribedMessageTypeIds',
  'unsubscribedChannelIds',
  'unsubscribedMessageTypeIds',
];

/** Omitted fields stay, null clears, objects are replaced or merged one level deep. */
function merged(user, admitted, mergeNested) {
  const fields = { ...user.fields };
  const managed = { ...user.managed };
  const subscriptions = { ...user.subscriptions };
  let { lists } = user;
  for (const [name, value] of Object.entries(admitted)) {
    if (name === 'signupDate') delete managed.signupDate;
    if (LIST_FIELDS.includes(name)) {
      lists = [value ?? []].flat();
    } else if (SUBSCRIPTION_FIELDS.includes(name)) {
      subscriptions[name] = [value ?? []].flat();
    } else if (value === null) {
      delete fields[name];
    } else if (isObject(value)) {
      const base = mergeNested && isObject(fields[name]) ? fields[name] : {};
      fields[name] = withoutNulls({ ...base, ...value });
    } else {
      fields[name] = value;
    }
  }
  return { ...user, fields, managed, subscriptions, lists };
}

function isObject(value) {
  return (
    value !== null &&
    typeof value === 'object' &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  );
}

function withoutNulls(object) {
  const out = {};
  for (const [key, value] of Object.entries(object)) {
    if (value !== null) out[key] = isObject(value) ? withoutNulls(value) : value;
  }
  return out;
}

function hasTooLongValue(value, maxBytes) {
  if (typeof value === 'string') {
    return (
      value.length > maxBytes ||
      (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes)
    );
  }
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some((item) => hasTooLongValue(item, maxBytes));
}

/** The profile as GET endpoints show it. Both published schemas want an e-mail, so "" for none. */
export function shown(user, project) {
  const { documentCreatedAt, profileUpdatedAt, ...managed } = user.managed;
  const dataFields = { ...managed, ...user.fields, profileUpdatedAt };
  if (user.email !== null) dataFields.email = user.email;
  if (user.userId !== null) dataFields.userId = user.userId;
  if (user.lists.length > 0 || Object.keys(user.subscriptions).length > 0) {
    dataFields[project === 'email' ? 'emailListIds' : 'userListIds'] = user.lists;
    for (const name of SUBSCRIPTION_FIELDS) dataFields[name] = user.subscriptions[name] ?? [];
  }
  dataFields.itblInternal = { documentCreatedAt, documentUpdatedAt: profileUpdatedAt };
  if (user.email !== null) dataFields.itblInternal.emailDomain = user.email.split('@').at(-1);
  const body = { email: user.email ?? '', dataFields };
  if (user.userId !== null) body.userId = user.userId;
  return body;
}
