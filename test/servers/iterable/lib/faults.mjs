// Which request meets which fault: a queue that the admin interface or a file fills, and seeded
// random ones for torture runs.

import { FAULT_KINDS, RETRYABLE_KINDS } from './fault_kinds.mjs';

const MATCHERS = ['kind', 'endpoint', 'times', 'skip', 'min_users', 'min_bytes', 'identifier'];

export class Faults {
  /** `random`: null, or {seed, rate, kinds, endpoints, hangMs}. */
  constructor(random) {
    this.random = random;
    this.clear();
  }

  clear() {
    this.queue = [];
    this.nextId = 1;
    this.fired = new Map();
    this.draw = this.random === null ? null : generator(this.random.seed);
  }

  setRandom(random) {
    this.random = random;
    this.draw = random === null ? null : generator(random.seed);
  }

  /** Adds one fault and returns it with its id. Throws Error where it is not understood. */
  add(fault) {
    const kind = FAULT_KINDS[fault?.kind];
    if (kind === undefined) {
      throw new Error(
        `unknown fault kind ${fault?.kind}; known: ${Object.keys(FAULT_KINDS).join(', ')}`,
      );
    }
    const allowed = [...MATCHERS, ...kind.fields];
    const unknown = Object.keys(fault).find((key) => !allowed.includes(key));
    if (unknown !== undefined) {
      throw new Error(`${fault.kind} has no "${unknown}"; known: ${allowed.join(', ')}`);
    }
    const added = { endpoint: '*', times: 1, skip: 0, ...fault, id: this.nextId };
    this.nextId += 1;
    this.queue.push(added);
    return added;
  }

  /**
   * The fault for this request, or null. `request`: {endpoint, path, users, bytes, identifiers()}.
   * The first queued fault that matches and has nothing left to skip is used up by one.
   */
  take(request) {
    for (const fault of this.queue) {
      if (!matches(fault, request)) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.times -= 1;
      if (fault.times <= 0) this.queue = this.queue.filter((other) => other !== fault);
      return this.#fire(fault);
    }
    return this.#takeRandom(request);
  }

  #fire(fault) {
    this.fired.set(fault.kind, (this.fired.get(fault.kind) ?? 0) + 1);
    return fault;
  }

  #takeRandom(request) {
    if (this.random === null) return null;
    const { rate, kinds, endpoints, hangMs } = this.random;
    if (!endpoints.some((name) => isEndpoint(name, request))) return null;
    if (this.draw() >= rate) return null;
    const fault = { kind: kinds[Math.floor(this.draw() * kinds.length)], random: true };
    if (fault.kind === 'rate-limit') fault.retry_after = this.draw() < 0.5 ? null : 1;
    if (fault.kind.startsWith('hang')) fault.hang_ms = hangMs;
    if (fault.kind === 'slow') fault.delay_ms = Math.floor(this.draw() * 500);
    return this.#fire(fault);
  }
}

/** Reads what options and admin say about random faults; throws Error on unknown kinds. */
export function randomFaults({ seed, rate, kinds, endpoints, hang_ms: hangMs }) {
  if (!(rate > 0)) return null;
  const chosen = kinds ?? RETRYABLE_KINDS;
  const unknown = chosen.find((kind) => FAULT_KINDS[kind] === undefined);
  if (unknown !== undefined) throw new Error(`unknown fault kind ${unknown}`);
  return {
    seed: seed ?? 1,
    rate,
    kinds: chosen,
    endpoints: endpoints ?? ['users/bulkUpdate'],
    hangMs: hangMs ?? 2000,
  };
}

export function effectOf(fault, request) {
  return fault === null ? {} : FAULT_KINDS[fault.kind].effect(fault, request);
}

function matches(fault, request) {
  if (fault.endpoint !== '*' && !isEndpoint(fault.endpoint, request)) return false;
  if (fault.min_users !== undefined && request.users < fault.min_users) return false;
  if (fault.min_bytes !== undefined && request.bytes < fault.min_bytes) return false;
  return fault.identifier === undefined || request.identifiers().includes(fault.identifier);
}

function isEndpoint(name, request) {
  return name === '*' || name === request.endpoint || name === request.endpoint.split(' ')[1];
}

/** Mulberry32: small, and the same numbers for the same seed everywhere. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
