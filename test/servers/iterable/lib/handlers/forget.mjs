// /api/users/forget and what belongs to it. Only hashes of forgotten people are kept.

import { answer, failure, success } from '../answers.mjs';
import { forgottenHash, identifierProblem } from '../identity.mjs';
import { userDoesNotExist } from './users.mjs';

const WANTED = { email: ['email'], userid: ['userId'], hybrid: ['email', 'userId'] };

export function forget(ctx) {
  const who = identifier(ctx);
  if (who.refused) return who.refused;
  const users = ctx.txn.find(who.kind, who.value);
  if (users.length === 0) return userDoesNotExist(who.kind, who.value);
  for (const user of users) {
    ctx.lane(user);
    ctx.txn.delete(user.id);
  }
  ctx.txn.record({ op: 'forget', kind: who.kind, hash: forgottenHash(who.value) });
  return success();
}

export function unforget(ctx) {
  const who = identifier(ctx);
  if (who.refused) return who.refused;
  ctx.lane({ [who.kind]: who.value });
  ctx.txn.record({ op: 'unforget', kind: who.kind, hash: forgottenHash(who.value) });
  return success();
}

export function forgottenEmails(ctx) {
  return hashes(ctx, 'email', 'hashedEmails');
}

export function forgottenUserIds(ctx) {
  return hashes(ctx, 'userId', 'hashedUserIds');
}

function hashes(ctx, kind, property) {
  if (!WANTED[ctx.project].includes(kind)) {
    return failure(400, 'BadParams', `Not for projects that identify users otherwise: ${ctx.path}`);
  }
  return answer(200, { [property]: [...ctx.store.forgotten[kind]].sort() });
}

function identifier(ctx) {
  const problem = identifierProblem(ctx.project, ctx.body, false);
  const kind = ctx.body.email !== undefined ? 'email' : 'userId';
  if (problem !== null || !WANTED[ctx.project].includes(kind)) {
    const msg = problem ?? `Projects of type ${ctx.project} name people by ${WANTED[ctx.project]}`;
    ctx.note('identifiers', msg);
    return { refused: failure(400, 'BadParams', `[${ctx.path}] ${msg}`) };
  }
  const value = ctx.body[kind];
  return { kind, value: kind === 'email' ? value.trim().toLowerCase() : value };
}
