// The state of the project: users, fields, lists, catalogs, events, forgotten people, daily caps.
//
// All changes are operations ({op: 'put', user}, …) that a transaction collects while it looks at
// the state as if they were done. `commit` applies them and hands them to the journal, if any. So
// "before the commit" and "after the commit" are one place each, and what is on disk is what
// clients were told. Users are replaced, never changed in place.

import { BUILT_IN_FIELDS } from './fields.mjs';
import { forgottenHash } from './identity.mjs';

/** Value → ids of the users that have it; an e-mail or userId need not be unique everywhere. */
class Index {
  constructor() {
    this.ids = new Map();
  }

  get(value) {
    const found = this.ids.get(value);
    return found === undefined ? [] : typeof found === 'number' ? [found] : [...found];
  }

  add(value, id) {
    if (value === null) return;
    const found = this.ids.get(value);
    if (found === undefined) this.ids.set(value, id);
    else if (typeof found === 'number') this.ids.set(value, new Set([found, id]));
    else found.add(id);
  }

  remove(value, id) {
    const found = this.ids.get(value);
    if (found === id) this.ids.delete(value);
    else if (found instanceof Set) {
      found.delete(id);
      if (found.size === 0) this.ids.delete(value);
    }
  }
}

export class Store {
  /** `journal`: {append(ops)}, or null to keep everything in memory only. */
  constructor(journal = null) {
    this.journal = journal;
    this.clear();
  }

  clear() {
    this.users = new Map();
    this.byEmail = new Index();
    this.byUserId = new Index();
    this.fields = new Map(Object.entries(BUILT_IN_FIELDS));
    this.lists = new Map();
    this.catalogs = new Map();
    this.events = new Map(); // id → event, in the order of their arrival
    this.forgotten = { email: new Set(), userId: new Set() };
    this.daily = new Map();
    this.nextUserId = 1;
    this.nextListId = 1;
    this.commits = 0;
  }

  begin() {
    return new Transaction(this);
  }

  commit(ops) {
    if (ops.length === 0) return;
    this.commits += 1;
    for (const op of ops) this.apply(op);
    this.journal?.append(ops);
  }

  apply(op) {
    switch (op.op) {
      case 'put':
        return this.#put(op.user);
      case 'delete':
        return this.#remove(op.id);
      case 'fields':
        for (const [name, type] of op.fields) this.fields.set(name, type);
        return undefined;
      case 'forget':
        return this.forgotten[op.kind].add(op.hash);
      case 'unforget':
        return this.forgotten[op.kind].delete(op.hash);
      case 'list':
        this.nextListId = Math.max(this.nextListId, op.list.id + 1);
        return this.lists.set(op.list.id, op.list);
      case 'unlist':
        return this.lists.delete(op.id);
      case 'event':
        return this.events.set(op.id, op.event);
      case 'catalog':
        return this.catalogs.set(op.name, { mappings: new Map(), items: new Map() });
      case 'uncatalog':
        return this.catalogs.delete(op.name);
      case 'mappings':
        for (const [name, type] of op.mappings) this.catalogs.get(op.name).mappings.set(name, type);
        return undefined;
      case 'items':
        return this.#putItems(op);
      case 'daily':
        return this.daily.set(op.endpoint, { since: op.since, count: op.count });
      case 'clear':
        return this.clear();
      default:
        throw new Error(`unknown operation ${op.op} in the state`);
    }
  }

  /** Operations that rebuild this state from nothing; the snapshot is made of them. */
  *operations() {
    yield { op: 'fields', fields: [...this.fields] };
    for (const list of this.lists.values()) yield { op: 'list', list };
    for (const [name, { mappings, items }] of this.catalogs) {
      yield { op: 'catalog', name };
      yield { op: 'mappings', name, mappings: [...mappings] };
      const there = [...items].map(([id, { value }]) => [id, value]);
      yield { op: 'items', name, items: there, at: 0, from: 0 };
    }
    for (const kind of ['email', 'userId']) {
      for (const hash of this.forgotten[kind]) yield { op: 'forget', kind, hash };
    }
    for (const [endpoint, cap] of this.daily) yield { op: 'daily', endpoint, ...cap };
    for (const user of this.users.values()) yield { op: 'put', user };
    for (const [id, event] of this.events) yield { op: 'event', id, event };
  }

  /** Number of fields that count against the soft limit: all but those every project has. */
  get customFieldCount() {
    return this.fields.size - Object.keys(BUILT_IN_FIELDS).length;
  }

  // Items show what was there before until `from`.
  #putItems({ name, items, at, from }) {
    const there = this.catalogs.get(name).items;
    for (const [id, value] of items) {
      const old = there.get(id);
      const before = old === undefined ? null : at >= old.from ? old.value : old.before;
      there.set(id, { value, from, before });
    }
  }

  #put(user) {
    const old = this.users.get(user.id);
    if (old !== undefined) this.#unindex(old);
    this.users.set(user.id, user);
    this.byEmail.add(user.email, user.id);
    this.byUserId.add(user.userId, user.id);
    this.nextUserId = Math.max(this.nextUserId, user.id + 1);
  }

  #remove(id) {
    const old = this.users.get(id);
    if (old === undefined) return;
    this.#unindex(old);
    this.users.delete(id);
  }

  #unindex(user) {
    this.byEmail.remove(user.email, user.id);
    this.byUserId.remove(user.userId, user.id);
  }
}

/** Reads the store as it will be after the collected operations. Dropped, it leaves no trace. */
export class Transaction {
  constructor(store) {
    this.store = store;
    this.ops = [];
    this.written = new Map(); // id → user, or null where deleted
    this.writtenIds = { email: new Index(), userId: new Index() };
    this.nextUserId = store.nextUserId;
  }

  /** All users with this e-mail ("email") or userId ("userId"), the earliest first. */
  find(kind, value) {
    const index = kind === 'email' ? this.store.byEmail : this.store.byUserId;
    const ids = new Set(index.get(value));
    for (const id of this.writtenIds[kind].get(value)) ids.add(id);
    const users = [...ids]
      .map((id) => this.user(id))
      .filter((u) => u !== null && u[kind] === value);
    return users.sort((a, b) => a.id - b.id);
  }

  user(id) {
    return this.written.has(id) ? this.written.get(id) : (this.store.users.get(id) ?? null);
  }

  newUserId() {
    this.nextUserId += 1;
    return this.nextUserId - 1;
  }

  put(user) {
    this.written.set(user.id, user);
    this.writtenIds.email.add(user.email, user.id);
    this.writtenIds.userId.add(user.userId, user.id);
    this.ops.push({ op: 'put', user });
  }

  delete(id) {
    this.written.set(id, null);
    this.ops.push({ op: 'delete', id });
  }

  record(op) {
    this.ops.push(op);
  }

  isForgotten(kind, identifier) {
    const hashes = this.store.forgotten[kind];
    return hashes.size > 0 && hashes.has(forgottenHash(identifier));
  }
}
