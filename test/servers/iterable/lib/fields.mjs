// Types of profile fields: fixed by the first touch, never changed.
//
// A field's type is that of the first value: string, date, long, double, boolean or object. An
// array has the type of its elements, as in Iterable's own list of fields. Fields of objects have
// dotted names. Sources: facts (first touch, shape of the mismatch), Iterable's page on field types.

import { ExactNumber } from './json_text.mjs';

const DAY = '(\\d{4}-\\d\\d-\\d\\d)';
const TIME = '((?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d)';
const PLAIN_DATE = new RegExp(`^${DAY} ${TIME} ([+-]\\d\\d:\\d\\d)$`);
const ISO_DATE = new RegExp(`^${DAY}T${TIME}(?:\\.\\d{1,9})?(Z|[+-]\\d\\d:?\\d\\d)$`);
const SHORTEST_DATE = '2026-01-31T12:00:00Z'.length;
const LONGEST_DATE = '2026-01-31T12:00:00.123456789+00:00'.length;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

export const FIELD_TYPES = ['string', 'date', 'long', 'double', 'boolean', 'object'];

/** Names that every project has. Values of the managed ones are Iterable's alone. */
export const BUILT_IN_FIELDS = {
  email: 'string',
  userId: 'string',
  signupDate: 'date',
  signupSource: 'string',
  profileUpdatedAt: 'date',
  phoneNumber: 'string',
  emailListIds: 'long',
  userListIds: 'long',
  subscribedMessageTypeIds: 'long',
  unsubscribedChannelIds: 'long',
  unsubscribedMessageTypeIds: 'long',
  itblInternal: 'object',
  'itblInternal.emailDomain': 'string',
  'itblInternal.documentCreatedAt': 'date',
  'itblInternal.documentUpdatedAt': 'date',
};
export const MANAGED_FIELDS = ['profileUpdatedAt', 'itblInternal', 'itblDS', 'itblUserId'];

/**
 * The instant as Iterable shows it, `2026-01-31 12:00:00 +00:00` in UTC, or null where `text` is
 * no date that creates a date field: `yyyy-MM-dd HH:mm:ss +00:00`, or ISO 8601 with T, seconds and
 * an offset. A naive one is a string (seen with a blank and with milliseconds).
 */
export function dateOf(text) {
  if (text.length < SHORTEST_DATE || text.length > LONGEST_DATE) return null;
  const parts = PLAIN_DATE.exec(text) ?? ISO_DATE.exec(text);
  if (parts === null) return null;
  const [, day, time, zone] = parts;
  if (!isCalendarDay(day)) return null;
  if (zone === '+00:00' || zone === 'Z') return `${day} ${time} +00:00`;
  const offset = zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const instant = new Date(`${day}T${time}${offset}`);
  return Number.isNaN(instant.getTime()) ? null : formatDate(instant);
}

export function formatDate(date) {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} +00:00`;
}

function isCalendarDay(day) {
  const month = Number(day.slice(5, 7));
  const date = Number(day.slice(8));
  if (month < 1 || month > 12 || date < 1) return false;
  return date <= 28 || date <= new Date(Date.UTC(Number(day.slice(0, 4)), month, 0)).getUTCDate();
}

/** The kind of one JSON value: a field type, or 'array' or 'null'. */
export function kindOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof ExactNumber) return kindOfExact(value);
  switch (typeof value) {
    case 'string':
      return dateOf(value) === null ? 'string' : 'date';
    case 'number':
      return Number.isInteger(value) ? 'long' : 'double';
    case 'boolean':
      return 'boolean';
    default:
      return 'object';
  }
}

function kindOfExact(number) {
  if (!number.isInteger) return 'double';
  const value = BigInt(number.text);
  return value >= INT64_MIN && value <= INT64_MAX ? 'long' : 'double';
}

// What a value could be stored as; the second half of the pair that a mismatch reports.
const POSSIBLE_TYPES = {
  string: ['string', 'keyword'],
  date: ['date', 'string', 'keyword'],
  long: ['long', 'double'],
  double: ['double'],
  boolean: ['boolean'],
  object: ['object'],
};

/**
 * One request's look at the fields. Nothing is changed in the project until the request commits:
 * new types wait in `created`, the refusal in `mismatches`.
 */
export class FieldPass {
  /** `known`: Map name → type of the project. `createNew`: whether unknown fields are kept. */
  constructor(known, createNew) {
    this.known = known;
    this.createNew = createNew;
    this.created = new Map();
    this.filtered = new Set();
    this.mismatches = new Map();
    this.badNames = new Set();
  }

  /** Checks a dataFields object; returns what is to be stored: dates normal, filtered ones gone. */
  admit(dataFields) {
    return this.#object('', dataFields);
  }

  #object(prefix, object) {
    const kept = {};
    for (const [key, value] of Object.entries(object)) {
      const name = prefix + key;
      if (key === '' || key.includes('.')) {
        this.badNames.add(name);
        continue;
      }
      const stored = this.#value(name, value);
      if (stored !== undefined) kept[key] = stored;
    }
    return kept;
  }

  /** The value to store, or undefined where it is filtered out or wrong. */
  #value(name, value) {
    if (value === null) return null;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#value(name, item));
      return value.length > 0 && items.every((item) => item === undefined) ? undefined : items;
    }
    const kind = kindOf(value);
    const type = this.#typeFor(name, kind);
    if (type === null) return undefined;
    if (!POSSIBLE_TYPES[kind].includes(type)) {
      this.#mismatch(name, value, kind, type);
      return undefined;
    }
    if (type === 'date') return dateOf(value);
    return type === 'object' ? this.#object(`${name}.`, value) : value;
  }

  #typeFor(name, kind) {
    const type = this.known.get(name) ?? this.created.get(name);
    if (type !== undefined) return type;
    if (!this.createNew) {
      this.filtered.add(name);
      return null;
    }
    this.created.set(name, kind);
    return kind;
  }

  #mismatch(name, value, kind, expectedType) {
    if (this.mismatches.has(name)) return;
    this.mismatches.set(name, {
      incomingTypes: POSSIBLE_TYPES[kind],
      expectedType,
      category: 'user',
      offendingValue: value,
      _type: 'UnexpectedType',
    });
  }
}
