// JSON text in and out without losing what a destination can see.
//
// JSON.parse forgets two things that decide how Iterable reads a payload: whether a number was
// written 5 or 5.0 (long or double), and the digits of integers beyond 2^53. It also hides
// repeated keys, which a writer must not send. `parse` keeps all three. It runs the native parser
// first and walks the text itself only where a quick look says that something was lost.

import { randomBytes } from 'node:crypto';

/** A number whose text matters: 5.0, 1e3, 9007199254740993. `text` is the number as written. */
export class ExactNumber {
  constructor(text) {
    this.text = text;
  }

  /** True for an integer written without fraction or exponent. */
  get isInteger() {
    return !/[.eE]/.test(this.text);
  }

  toJSON() {
    return `${MARK}${this.text}`;
  }
}

/** `value` with plain numbers, for who asks for their type alone; the same object where it has no others. */
export function plain(value) {
  if (value instanceof ExactNumber) return Number(value.text);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const changed = entries.map(([key, inner]) => [key, plain(inner)]);
  if (changed.every(([, inner], i) => inner === entries[i][1])) return value;
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

// JSON.stringify cannot emit raw digits, so an ExactNumber leaves as a marked string and the mark
// and its quotes are cut out afterwards. Random, so that no payload can forge it.
const MARK = `number-${randomBytes(12).toString('hex')}:`;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

const LONG_OR_ODD_NUMBER = /[[:,\s]-?(?:\d{16,}|\d+\.0+(?!\d)|\d+(?:\.\d+)?[eE])/;
const STRING_TOKEN = /"(?:[^"\\]|\\.)*"(?:\s*:)?/g; // ends in a colon where it is a key

/**
 * Parses JSON text. Returns {value, duplicates}; `duplicates` lists the paths ("obj.users[0].email")
 * of keys that stand twice in one object, of which the last wins. Throws SyntaxError.
 */
export function parse(text) {
  const value = JSON.parse(text);
  if (countKeys(text) === countMembers(value) && !LONG_OR_ODD_NUMBER.test(text)) {
    return { value, duplicates: [] };
  }
  return new Walker(text).run();
}

/** JSON text of `value`; every ExactNumber comes out as it was written. */
export function stringify(value, indent) {
  const text = JSON.stringify(value, null, indent);
  return text.includes(MARK) ? text.replace(MARKED, '$1') : text;
}

/** Like stringify, with the keys of all objects sorted: equal values give equal text. */
export function canonical(value) {
  return stringify(sorted(value));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object' || value instanceof ExactNumber) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function countKeys(text) {
  let count = 0;
  for (const token of text.match(STRING_TOKEN) ?? []) if (token.endsWith(':')) count += 1;
  return count;
}

function countMembers(value) {
  if (value === null || typeof value !== 'object') return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
  } else {
    for (const key in value) count += 1 + countMembers(value[key]);
  }
  return count;
}

/** Walks text that JSON.parse has accepted; it therefore checks nothing that JSON.parse checks. */
class Walker {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.duplicates = [];
  }

  run() {
    const value = this.value('obj');
    return { value, duplicates: this.duplicates };
  }

  peek() {
    while (' \t\r\n'.includes(this.text[this.at])) this.at += 1;
    return this.text[this.at];
  }

  value(path) {
    const first = this.peek();
    if (first === '{') return this.object(path);
    if (first === '[') return this.array(path);
    if (first === '"') return this.string();
    if (first === 't') return this.skip(4, true);
    if (first === 'f') return this.skip(5, false);
    if (first === 'n') return this.skip(4, null);
    return this.number();
  }

  skip(length, value) {
    this.at += length;
    return value;
  }

  object(path) {
    const result = {};
    this.at += 1;
    while (this.peek() !== '}') {
      if (this.text[this.at] === ',') this.at += 1;
      this.peek();
      const key = this.string();
      this.peek();
      this.at += 1; // the colon
      const here = `${path}.${key}`;
      if (Object.prototype.hasOwnProperty.call(result, key)) this.duplicates.push(here);
      // defineProperty, because assigning to "__proto__" would not make a key.
      const value = this.value(here);
      Object.defineProperty(result, key, {
        value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    this.at += 1;
    return result;
  }

  array(path) {
    const result = [];
    this.at += 1;
    while (this.peek() !== ']') {
      if (this.text[this.at] === ',') this.at += 1;
      result.push(this.value(`${path}[${result.length}]`));
    }
    this.at += 1;
    return result;
  }

  string() {
    const end = /"(?:[^"\\]|\\.)*"/y;
    end.lastIndex = this.at;
    const [quoted] = end.exec(this.text);
    this.at += quoted.length;
    return JSON.parse(quoted);
  }

  number() {
    const digits = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    digits.lastIndex = this.at;
    const [text] = digits.exec(this.text);
    this.at += text.length;
    const value = Number(text);
    const written = !/[.eE]/.test(text) ? 'integer' : 'fraction';
    const lost = written === 'integer' ? !Number.isSafeInteger(value) : Number.isInteger(value);
    return lost ? new ExactNumber(text) : value;
  }
}
