// /api/events and /api/commerce: what people did. An event or purchase with the id of one that is there
// updates it.

import { BulkOutcome, answer, failure, success } from '../answers.mjs';
import { FieldPass } from '../fields.mjs';
import { locate, plan, write } from '../profiles.mjs';
import { createsFields, injected, noteDuplicates, tooMany, wrongIdentifiers } from './bulk.mjs';

const MOST_ID_BYTES = 512;

export function trackBulk(ctx) {
  const { events } = ctx.body;
  const refused =
    tooMany(ctx, events.length) ?? wrongIdentifiers(ctx, 'events', events) ?? longIds(ctx, events);
  if (refused !== null) return refused;
  noteDuplicates(ctx, 'events', events);
  const outcome = new BulkOutcome();
  const disallowed = new Set();
  events.forEach((event, index) => {
    const found = injected(ctx, event, index) ?? locate({ ...ctx, mayCreate: false }, event);
    if (found.failure) {
      outcome.fail(found.failure);
    } else if (isDisallowed(ctx, event.eventName)) {
      disallowed.add(event.eventName);
      outcome.disallow();
    } else {
      ctx.lane(found.user);
      record(ctx, 'event', found.user, event);
      outcome.successCount += 1;
    }
  });
  const { failedUpdates, ...body } = outcome.body([], []);
  const { forgottenEmails, forgottenUserIds, invalidEmails, invalidUserIds } = failedUpdates;
  const { notFoundEmails, notFoundUserIds } = failedUpdates;
  return answer(200, {
    ...body,
    disallowedEventNames: [...disallowed],
    failedUpdates: {
      forgottenEmails,
      forgottenUserIds,
      invalidEmails,
      invalidUserIds,
      notFoundEmails,
      notFoundUserIds,
    },
  });
}

export function track(ctx) {
  const refused = wrongIdentifiers(ctx, null, [ctx.body]) ?? longIds(ctx, [ctx.body]);
  if (refused !== null) return refused;
  const found = locate({ ...ctx, mayCreate: false }, ctx.body);
  if (found.failure) return refusedPerson(found.failure);
  if (isDisallowed(ctx, ctx.body.eventName)) {
    return success(`Event ${ctx.body.eventName} is disallowed from tracking`);
  }
  ctx.lane(found.user);
  record(ctx, 'event', found.user, ctx.body);
  return success();
}

/** Makes or updates the person, clears the cart. */
export function trackPurchase(ctx) {
  const refused = longIds(ctx, [ctx.body]);
  if (refused !== null) return refused;
  return writePerson(ctx, null, (user) => record(ctx, 'purchase', user, ctx.body));
}

export function updateCart(ctx) {
  return writePerson(ctx, ctx.body.items, () => {});
}

function writePerson(ctx, cart, then) {
  const person = ctx.body.user;
  const refused = wrongIdentifiers(ctx, null, [person]);
  if (refused !== null) return refused;
  const pass = new FieldPass(ctx.store.fields, createsFields({ ...ctx, body: person }));
  const scope = { ...ctx, pass, mayCreate: true };
  const planned = plan(scope, person);
  if (planned.failure) return refusedPerson(planned.failure);
  const fields = { ...planned.user.fields };
  delete fields.shoppingCartItems;
  if (cart !== null) fields.shoppingCartItems = cart;
  ctx.lane(planned.user);
  write(scope, { ...planned.user, fields });
  if (pass.created.size > 0) ctx.txn.record({ op: 'fields', fields: [...pass.created] });
  then(planned.user);
  return success();
}

function record(ctx, kind, user, item) {
  const { eventName, id, createdAt, dataFields = {}, items, total } = item;
  const event = { kind, user: user.id, createdAt: createdAt ?? ctx.now.getTime(), dataFields };
  if (eventName !== undefined) event.eventName = eventName;
  if (items !== undefined) Object.assign(event, { items, total });
  ctx.txn.record({ op: 'event', id: id ?? `made-${ctx.store.events.size + ctx.txn.ops.length}`, event });
}

function longIds(ctx, items) {
  if (!items.some(({ id }) => id !== undefined && Buffer.byteLength(id) > MOST_ID_BYTES)) return null;
  ctx.note('event-id', `an id is longer than ${MOST_ID_BYTES} bytes`);
  return failure(400, 'BadParams', `[${ctx.path}] an id is longer than ${MOST_ID_BYTES} bytes`);
}

function isDisallowed(ctx, name) {
  return ctx.options.disallowedEvents.split(',').includes(name);
}

const CODES = {
  forgotten: [409, 'ForgottenUserError'],
  conflict: [409, 'EmailAlreadyExists'],
  invalidData: [400, 'BadParams'],
};

function refusedPerson({ reason, kind, value }) {
  const email = kind === 'email';
  const [status, code] = CODES[reason] ?? [
    400,
    reason === 'notFound'
      ? email
        ? 'UnknownEmailError'
        : 'UnknownUserIdError'
      : email
        ? 'InvalidEmailAddressError'
        : 'InvalidUserIdError',
  ];
  return failure(status, code, `${reason}: ${value}`);
}
