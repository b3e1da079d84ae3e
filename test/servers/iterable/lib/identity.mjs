// Who a request names: what a valid e-mail and userId are, and which of the two a project wants.
// Sources: Swagger (FailedUserUpdates.invalidUserIds, OptionalApiUser), facts: 52 characters, no
// blanks around, e-mails lower-cased by the server.

import { createHash } from 'node:crypto';

export const PROJECT_TYPES = ['email', 'userid', 'hybrid'];
export const MAX_USER_ID_LENGTH = 52;

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LOCAL = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`);
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const TOP_LABEL = /^(?:[A-Za-z]{2,63}|xn--[A-Za-z0-9-]+)$/;

/**
 * The format of an e-mail: dot-atom, "@", at least two labels, a top level of letters. Lists of
 * top-level domains are left out on purpose, so that .test and .example work.
 */
export function isEmail(value) {
  if (typeof value !== 'string' || value.length > 254) return false;
  const at = value.lastIndexOf('@');
  if (at < 1 || at > 64 || !LOCAL.test(value.slice(0, at))) return false;
  const labels = value.slice(at + 1).split('.');
  return labels.length > 1 && labels.every((l) => LABEL.test(l)) && TOP_LABEL.test(labels.at(-1));
}

/** Printable ASCII, 1 to 52 characters, no blank at either end. */
export function isUserId(value) {
  return (
    typeof value === 'string' &&
    value.length <= MAX_USER_ID_LENGTH &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
  );
}

export function normalEmail(value) {
  return value.toLowerCase();
}

/** The form in which forgotten identifiers are kept and published. */
export function forgottenHash(identifier) {
  return createHash('sha256').update(identifier.trim().toLowerCase()).digest('hex');
}

/**
 * Checks which identifiers a user object carries against the kind of project.
 * Returns null where it is right, else one sentence that says what is wrong.
 */
export function identifierProblem(projectType, user, allowBoth) {
  const email = user.email !== undefined;
  const userId = user.userId !== undefined;
  if (!email && !userId) return 'Provide an email or a userId';
  if (email && userId && !allowBoth) return 'Provide an email or a userId, but not both';
  if (projectType === 'userid' && !userId) return 'A userID-based project identifies by userId';
  return null;
}

/**
 * The identifier that counts: {kind: 'email' | 'userId', value, other?}. Where both are allowed
 * and given, e-mail comes first except in userID-based projects; the other one becomes a value.
 */
export function identifierOf(projectType, user) {
  const byUserId = projectType === 'userid' || user.email === undefined;
  return byUserId
    ? { kind: 'userId', value: user.userId, other: user.email }
    : { kind: 'email', value: user.email, other: user.userId };
}
