// /api/users: profiles.

import { answer, failure, success } from '../answers.mjs';
import { isEmail, isUserId, normalEmail } from '../identity.mjs';
import { shown, write } from '../profiles.mjs';
import { applyAll, createsFields } from './bulk.mjs';

export function bulkUpdate(ctx) {
  const { refused, outcome, pass } = applyAll(ctx, 'users', ctx.body.users, {
    createNew: createsFields(ctx),
  });
  return refused ?? answer(200, outcome.body(pass.created.keys(), pass.filtered));
}

export function update(ctx) {
  return confirmOne(ctx, applyAll(ctx, null, [ctx.body], { createNew: createsFields(ctx) }));
}

/** The answer of an endpoint for a single user: success, or the one failure as an envelope. */
export function confirmOne(ctx, { refused, outcome }) {
  if (refused) return refused;
  if (outcome.failCount === 0) return success();
  const [list, [value]] = Object.entries(outcome.failed).find(([, values]) => values.length > 0);
  const isUser = list.endsWith('UserIds');
  switch (list.replace(/(Emails|UserIds)$/, '')) {
    case 'forgotten':
      return failure(409, 'ForgottenUserError', `User is forgotten: ${value}`);
    case 'conflict':
      return failure(
        409,
        isUser ? 'UserIdAlreadyExists' : 'EmailAlreadyExists',
        `Exists: ${value}`,
      );
    case 'invalid':
      if (!isUser) return failure(400, 'InvalidEmailAddressError', `Invalid email: ${value}`);
      return isUserId(value)
        ? failure(400, 'UnknownUserIdError', `No user with userId: ${value}`)
        : failure(400, 'InvalidUserIdError', `Invalid userId: ${value}`);
    default:
      return failure(400, 'BadParams', `Invalid data for user ${value}`);
  }
}

// An unknown user is 200 with an empty object, as recorded from the real service by e-mail.
export function getByEmail(ctx) {
  const [user] = ctx.txn.find(
    'email',
    normalEmail(ctx.values.path.email ?? ctx.values.query.email),
  );
  return answer(200, user ? { user: shown(user, ctx.project) } : {});
}

export function getByUserId(ctx) {
  const [user] = ctx.txn.find('userId', ctx.values.path.userId ?? ctx.values.query.userId);
  return answer(200, user ? { user: shown(user, ctx.project) } : {});
}

export function getFields(ctx) {
  return answer(200, { fields: Object.fromEntries([...ctx.store.fields].sort()) });
}

export function deleteByEmail(ctx) {
  if (ctx.project === 'userid') {
    return failure(400, 'BadParams', 'Users of a userID-based project cannot be deleted by email');
  }
  return deleteAll(ctx, 'email', normalEmail(ctx.values.path.email));
}

export function deleteByUserId(ctx) {
  return deleteAll(ctx, 'userId', ctx.values.path.userId);
}

function deleteAll(ctx, kind, value) {
  const users = ctx.txn.find(kind, value);
  if (users.length === 0) return userDoesNotExist(kind, value);
  for (const user of users) {
    ctx.lane(user);
    ctx.txn.delete(user.id);
  }
  return success();
}

export function userDoesNotExist(kind, value) {
  const email = kind === 'email' ? value : 'None';
  const userId = kind === 'userId' ? value : 'None';
  return failure(400, 'BadParams', `User does not exist. Email: ${email} UserId: ${userId}`);
}

export function updateEmail(ctx) {
  const { currentEmail, currentUserId, newEmail } = ctx.body;
  if (ctx.project !== 'email') {
    return failure(400, 'BadParams', 'updateEmail is for email-based projects; use users/update');
  }
  if (!isEmail(newEmail)) {
    return failure(400, 'InvalidEmailAddressError', `Invalid email: ${newEmail}`);
  }
  const byEmail = currentEmail !== undefined;
  const [user] = byEmail
    ? ctx.txn.find('email', normalEmail(currentEmail))
    : ctx.txn.find('userId', currentUserId);
  if (user === undefined) {
    const who = byEmail ? currentEmail : currentUserId;
    const msg = `Cannot change user Some(${who}) to ${newEmail}. User does not exist`;
    return failure(400, 'BadParams', msg);
  }
  const wanted = normalEmail(newEmail);
  if (ctx.txn.isForgotten('email', wanted)) {
    return failure(409, 'ForgottenUserError', `User is forgotten: ${wanted}`);
  }
  if (ctx.txn.find('email', wanted).some((other) => other.id !== user.id)) {
    return failure(409, 'EmailAlreadyExists', `Exists: ${wanted}`);
  }
  ctx.lane(user);
  ctx.lane({ ...user, email: wanted });
  write(ctx, { ...user, email: wanted });
  return success();
}
