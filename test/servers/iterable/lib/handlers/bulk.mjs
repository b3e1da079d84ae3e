// What bulkUpdate, update, subscribe, unsubscribe and the subscription endpoints have in common:
// a list of user objects, each of which succeeds or fails alone, while a wrong type or a wrong
// shape refuses them all.

import { BulkOutcome, failure, typesMismatched } from '../answers.mjs';
import { FieldPass } from '../fields.mjs';
import { identifierOf, identifierProblem } from '../identity.mjs';
import { plan, write } from '../profiles.mjs';

/**
 * Applies `items` in their order. `name` is the property of the body that held them, for messages.
 * `finish(user, item)` may change each profile further. Returns {refused} with an answer for the whole
 * request, or {outcome, pass}.
 */
export function applyAll(
  ctx,
  name,
  items,
  { createNew, mayCreate = true, finish = (user) => user },
) {
  const refused = tooMany(ctx, items.length) ?? wrongIdentifiers(ctx, name, items);
  if (refused !== null) return { refused };
  noteDuplicates(ctx, name, items);
  const pass = new FieldPass(ctx.store.fields, createNew);
  const outcome = new BulkOutcome();
  const scope = { ...ctx, pass, mayCreate };
  items.forEach((item, index) => {
    const planned = injected(ctx, item, index) ?? plan(scope, withoutDropped(ctx, item, pass));
    if (planned.failure) {
      outcome.fail(planned.failure);
      return;
    }
    ctx.lane(planned.user);
    write(scope, finish(planned.user, item));
    outcome.successCount += 1;
  });
  const wrong = refusedFields(ctx, pass);
  if (wrong !== null) return { refused: wrong };
  if (pass.created.size > 0) ctx.txn.record({ op: 'fields', fields: [...pass.created] });
  return { outcome, pass };
}

/** Whether unknown fields are kept: the request's word, else the project's setting. */
export function createsFields(ctx) {
  return ctx.body.createNewFields ?? ctx.options.createNewFields;
}

export function tooMany(ctx, count) {
  const most = ctx.options.maxUsers;
  if (count <= most) return null;
  return failure(400, 'BatchTooLarge', `[${ctx.path}] ${count} users, at most ${most} are taken`);
}

export function wrongIdentifiers(ctx, name, items) {
  const params = {};
  items.forEach((item, index) => {
    const where = name === null ? 'obj' : `obj.${name}[${index}]`;
    const problem = identifierProblem(ctx.project, item, ctx.options.allowBothIdentifiers);
    if (problem !== null) params[where] = problem;
  });
  const [first] = Object.entries(params);
  if (first === undefined) return null;
  ctx.note('identifiers', `${first[0]}: ${first[1]}`);
  return failure(400, 'BadParams', `[${ctx.path}] ${first[0]}: ${first[1]}`, params);
}

// One failure per identifier comes back, so two operations for one person cannot be told apart.
// The server takes them in their order, as Iterable does; a writer must not rely on that.
export function noteDuplicates(ctx, name, items) {
  const seen = new Map();
  items.forEach((item, index) => {
    const { kind, value } = identifierOf(ctx.project, item);
    const key = `${kind} ${kind === 'email' ? String(value).toLowerCase() : value}`;
    if (seen.has(key)) {
      const places = `obj.${name}[${seen.get(key)}] and obj.${name}[${index}]`;
      ctx.note('duplicate-identifier', `${key} stands twice in one request: ${places}`);
    } else {
      seen.set(key, index);
    }
  });
}

function refusedFields(ctx, pass) {
  if (pass.badNames.size > 0) {
    const [name] = pass.badNames;
    ctx.note('field-name', `"${name}" is no field name`);
    return failure(
      400,
      'BadParams',
      `[${ctx.path}] "${name}" is no field name: empty or with a dot`,
    );
  }
  if (pass.mismatches.size > 0) return typesMismatched(ctx.options.projectName, pass.mismatches);
  const total = ctx.store.customFieldCount + pass.created.size;
  if (pass.created.size > 0 && total > ctx.options.maxFields) {
    const msg = `Project ${ctx.options.projectName}: ${total} user fields, ${ctx.options.maxFields} are allowed`;
    return failure(400, 'UniqueFieldsLimitExceeded', msg);
  }
  return null;
}

// A failure that a fault asks for; the profile stays as it is.
export function injected(ctx, item, index) {
  const reason = ctx.tweak.fail?.(item, index) ?? null;
  if (reason === null) return null;
  const { kind, value } = identifierOf(ctx.project, item);
  const kept = { kind, value: kind === 'email' ? String(value).toLowerCase() : value };
  return { failure: { reason, ...kept, identifier: kept } };
}

function withoutDropped(ctx, item, pass) {
  if (ctx.tweak.drop === undefined || item.dataFields === undefined) return item;
  const dataFields = { ...item.dataFields };
  for (const field of ctx.tweak.drop) {
    if (field in dataFields) pass.filtered.add(field);
    delete dataFields[field];
  }
  return { ...item, dataFields };
}
