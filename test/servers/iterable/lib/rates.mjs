// Rate limits and daily caps, one bucket per endpoint, as one project has them.
//
// Numbers: Swagger's descriptions and the facts page; lists/subscribe and updateEmail are not in the
// Swagger and come from the facts. A bucket holds one second's worth (one minute's for a limit per
// minute), starts full and fills evenly.

/** Endpoint → [requests, seconds]. An endpoint is "METHOD path" without "/api/". */
export const DEFAULT_RATES = {
  'POST users/bulkUpdate': [5, 1],
  'POST users/update': [500, 1],
  'POST users/updateEmail': [500, 1],
  'GET users/getByEmail': [100, 1],
  'GET users/byUserId': [100, 1],
  'GET users/{email}': [100, 1],
  'GET users/byUserId/{userId}': [100, 1],
  'DELETE users/{email}': [100, 1],
  'DELETE users/byUserId/{userId}': [100, 1],
  'GET users/getFields': [3, 1],
  'POST users/forget': [3, 1],
  'POST users/unforget': [3, 1],
  'GET users/forgotten': [3, 1],
  'GET users/forgottenUserIds': [3, 1],
  'GET lists': [100, 1],
  'POST lists/subscribe': [5, 1],
  'POST lists/unsubscribe': [5, 1],
  'GET lists/getUsers': [5, 60],
  'GET lists/{listId}/size': [5, 60],
  'GET export/data.json': [4, 60],
  'POST events/trackBulk': [10, 1],
  'POST events/track': [2000, 1],
  'GET catalogs': [100, 1],
  'POST catalogs/{catalogName}/items': [100, 1],
  'GET catalogs/{catalogName}/items': [100, 1],
  'PUT catalogs/{catalogName}/items/{itemId}': [1000, 1],
};

export const DAILY_CAPS = { 'POST users/forget': 1000, 'POST users/unforget': 1000 };
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Reads "users/bulkUpdate=5,lists/getUsers=5/min,users/update=off". Names without a method count
 * for every method; "none" alone turns all limits off. Returns what Rates takes.
 */
export function parseRates(text) {
  if (text === 'none') return { all: null, named: new Map() };
  const named = new Map();
  for (const part of text.split(',').filter((p) => p !== '')) {
    const match = /^(.+)=(?:(\d+(?:\.\d+)?)(\/min)?|(off))$/.exec(part.trim());
    if (match === null)
      throw new Error(`--rate: "${part}" is not NAME=NUMBER, NAME=NUMBER/min or NAME=off`);
    const [, name, number, perMinute, off] = match;
    named.set(name, off ? null : [Number(number), perMinute ? 60 : 1]);
  }
  return { all: DEFAULT_RATES, named };
}

export class Rates {
  /** `now`: () → monotonic milliseconds. */
  constructor({ all, named }, now) {
    this.defaults = all ?? {};
    this.named = named;
    this.now = now;
    this.clear();
  }

  clear() {
    this.buckets = new Map();
  }

  limitOf(endpoint) {
    if (this.named.has(endpoint)) return this.named.get(endpoint);
    const path = endpoint.split(' ')[1];
    if (this.named.has(path)) return this.named.get(path);
    return this.defaults[endpoint] ?? null;
  }

  /** Takes one request. Returns 0 where it may pass, else the seconds until the next may. */
  take(endpoint) {
    const limit = this.limitOf(endpoint);
    if (limit === null) return 0;
    const [requests, seconds] = limit;
    const perMs = requests / (seconds * 1000);
    const size = Math.max(1, requests);
    const now = this.now();
    const bucket = this.buckets.get(endpoint) ?? { tokens: size, at: now };
    const tokens = Math.min(size, bucket.tokens + (now - bucket.at) * perMs);
    const pass = tokens >= 1;
    this.buckets.set(endpoint, { tokens: pass ? tokens - 1 : tokens, at: now });
    return pass ? 0 : (1 - tokens) / perMs / 1000;
  }
}

/**
 * Counts a request against its daily cap (a window of 24 hours that opens with the first request).
 * Returns {wait, op}: seconds to wait where the cap is used up, else the operation that counts it.
 */
export function takeDaily(store, endpoint, nowMs) {
  const cap = DAILY_CAPS[endpoint];
  if (cap === undefined) return { wait: 0, op: null };
  const open = store.daily.get(endpoint);
  const window = open && nowMs - open.since < DAY_MS ? open : { since: nowMs, count: 0 };
  if (window.count >= cap) return { wait: (window.since + DAY_MS - nowMs) / 1000, op: null };
  return { wait: 0, op: { op: 'daily', endpoint, since: window.since, count: window.count + 1 } };
}
