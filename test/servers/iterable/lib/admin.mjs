// /__admin/…: what tests ask and tell the server. No key, no rate limit, no faults.

import { createHash } from 'node:crypto';

import { answer } from './answers.mjs';
import { writeAnswer } from './app.mjs';
import { FIELD_TYPES } from './fields.mjs';
import { randomFaults } from './faults.mjs';
import { forgottenHash } from './identity.mjs';
import { canonical, parse } from './json_text.mjs';
import { parseRates } from './rates.mjs';

const RESETS = {
  users: (app) => {
    app.store.commit([{ op: 'clear' }]);
    app.lanes.clear();
    presetFields(app.store, app.options.fields);
  },
  requests: (app) => app.records.clear(),
  faults: (app) => app.faults.clear(),
  rates: (app) => app.rates.clear(),
};

/** "METHOD name" → (app, url, body) → value to answer with. Throwing Error answers 400. */
const ENDPOINTS = {
  'GET health': (app) => ({ ok: true, checks: app.checks.describe() }),
  'GET stats': (app) => stats(app),
  'GET fields': (app) => Object.fromEntries([...app.store.fields].sort()),
  'GET lists': (app) => [...app.store.lists.values()],
  'GET catalogs': (app) => catalogs(app),
  'GET events': (app) => events(app),
  'GET requests': (app, url) => requests(app, url.searchParams),
  'GET violations': (app) => ({
    total: app.records.violationTotal,
    violations: app.records.violations,
  }),
  'GET notes': (app) => app.records.notes,
  'GET faults': (app) => faults(app),
  'GET forgotten': (app) => forgotten(app),
  'POST fields': (app, url, body) => addFields(app, body),
  'POST faults': (app, url, body) => ({
    added: [body].flat().map((fault) => app.faults.add(fault)),
  }),
  'DELETE faults': (app) => {
    app.faults.clear();
    return faults(app);
  },
  'POST random-faults': (app, url, body) => {
    app.faults.setRandom(randomFaults(body ?? {}));
    return faults(app);
  },
  'POST forgotten': (app, url, body) => addForgotten(app, body),
  'POST settings': (app, url, body) => changeSettings(app, body),
  'POST clock': (app, url, body) => {
    app.clockOffsetMs = (body?.offset_seconds ?? 0) * 1000;
    return { now: app.now().toISOString() };
  },
  'POST reset': (app, url, body) => {
    const what = body?.what ?? Object.keys(RESETS);
    for (const name of what)
      if (RESETS[name] === undefined) throw new Error(`cannot reset ${name}`);
    for (const name of what) RESETS[name](app);
    return { reset: what };
  },
  'GET state': (app) => [...app.store.operations()],
  'POST state': (app, url, body) => restore(app, body),
  'POST snapshot': (app) => {
    if (app.store.journal === null) throw new Error('the server runs without --state');
    app.store.journal.snapshot();
    return { file: app.store.journal.file };
  },
};

export async function admin(app, req, res, url, bytes) {
  const name = url.pathname.slice('/__admin/'.length);
  try {
    if (req.method === 'GET' && name === 'users') {
      await sendUsers(app, res, url.searchParams);
      return;
    }
    const endpoint = ENDPOINTS[`${req.method} ${name}`];
    if (endpoint === undefined) {
      const known = ['GET users', ...Object.keys(ENDPOINTS)];
      writeAnswer(res, answer(404, { error: `unknown: ${req.method} ${name}`, known }));
      return;
    }
    const body = bytes.length > 0 ? parse(bytes.toString('utf8')).value : undefined;
    writeAnswer(res, answer(200, endpoint(app, url, body)));
  } catch (error) {
    writeAnswer(res, answer(400, { error: error.message }));
  }
}

export function presetFields(store, fields) {
  if (fields.length > 0) store.commit([{ op: 'fields', fields }]);
}

function stats(app) {
  const { records } = app;
  return {
    users: app.store.users.size,
    fields: app.store.customFieldCount,
    lists: app.store.lists.size,
    events: app.store.events.size,
    commits: app.store.commits,
    acknowledged: records.acknowledged,
    requests: records.total,
    answers: Object.fromEntries([...records.counts].sort()),
    violations: records.violationTotal,
    notes: records.notes.length,
    faults_fired: Object.fromEntries(app.faults.fired),
    faults_queued: app.faults.queue.length,
    answer_problems: records.answerProblems,
    in_flight: app.inFlight,
    hanging: app.held.size,
  };
}

/** Events and purchases in the order of their arrival, with the identifiers of their people. */
function events(app) {
  return [...app.store.events].map(([id, { user, ...event }]) => {
    const { email, userId } = app.store.users.get(user) ?? { email: null, userId: null };
    return { id, email, userId, ...event };
  });
}

/** name → {mappings, items: id → value}, as they will be once everything is written. */
function catalogs(app) {
  const shown = {};
  for (const name of [...app.store.catalogs.keys()].sort()) {
    const { mappings, items } = app.store.catalogs.get(name);
    const there = [...items].filter(([, item]) => item.value !== null).sort();
    shown[name] = {
      mappings: Object.fromEntries([...mappings].sort()),
      items: Object.fromEntries(there.map(([id, item]) => [id, item.value])),
    };
  }
  return shown;
}

function faults(app) {
  return {
    queue: app.faults.queue,
    fired: Object.fromEntries(app.faults.fired),
    random: app.faults.random,
  };
}

function requests(app, query) {
  const since = Number(query.get('since') ?? 0);
  const endpoint = query.get('endpoint');
  return app.records.requests.filter(
    (entry) =>
      entry.seq > since && (endpoint === null || entry.endpoint.split(' ')[1] === endpoint),
  );
}

/** Puts the project into the state that GET state gave: people, fields, lists. The log stays. */
function restore(app, operations) {
  if (!Array.isArray(operations)) throw new Error('expected the array that GET state answers');
  app.store.commit([{ op: 'clear' }, ...operations]);
  app.lanes.clear();
  return { users: app.store.users.size };
}

function addFields(app, body) {
  const wrong = Object.values(body ?? {}).find((type) => !FIELD_TYPES.includes(type));
  if (wrong !== undefined)
    throw new Error(`unknown type ${wrong}; known: ${FIELD_TYPES.join(', ')}`);
  presetFields(app.store, Object.entries(body ?? {}));
  return Object.fromEntries([...app.store.fields].sort());
}

function forgotten(app) {
  return {
    hashedEmails: [...app.store.forgotten.email].sort(),
    hashedUserIds: [...app.store.forgotten.userId].sort(),
  };
}

/** Forgets people without needing a profile: {emails: [], userIds: []}. Their profiles go too. */
function addForgotten(app, body) {
  const txn = app.store.begin();
  const forget = (kind, value) => {
    const stored = kind === 'email' ? value.trim().toLowerCase() : value;
    for (const user of txn.find(kind, stored)) txn.delete(user.id);
    txn.record({ op: 'forget', kind, hash: forgottenHash(value) });
  };
  for (const email of body?.emails ?? []) forget('email', email);
  for (const userId of body?.userIds ?? []) forget('userId', userId);
  app.store.commit(txn.ops);
  return forgotten(app);
}

const SETTINGS = {
  create_new_fields: ['createNewFields', 'boolean'],
  allow_both_identifiers: ['allowBothIdentifiers', 'boolean'],
  retry_after: ['retryAfter', 'boolean'],
  max_users: ['maxUsers', 'number'],
  max_body_bytes: ['maxBodyBytes', 'number'],
  max_fields: ['maxFields', 'number'],
  api_key: ['apiKey', 'string'],
  disallowed_events: ['disallowedEvents', 'string'],
  catalog_delay_ms: ['catalogDelayMs', 'number'],
};

function changeSettings(app, body) {
  for (const [name, value] of Object.entries(body ?? {})) {
    if (name === 'rate') {
      const { all, named } = parseRates(String(value));
      app.rates.defaults = all ?? {};
      app.rates.named = named;
      app.rates.clear();
      continue;
    }
    const [option, type] = SETTINGS[name] ?? [];
    if (option === undefined || typeof value !== type) {
      throw new Error(
        `no such setting: ${name}=${value}; known: rate, ${Object.keys(SETTINGS).join(', ')}`,
      );
    }
    app.options[option] = value;
  }
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([name, [option]]) => [name, app.options[option]]),
  );
}

/**
 * All users in one order and one spelling (keys sorted), so that two dumps can be compared as text:
 * ?format=jsonl (one a line), json (an array, the default) or digest ({count, sha256} of the lines).
 * Times that the server itself sets are left out.
 */
async function sendUsers(app, res, query) {
  const format = query.get('format') ?? 'json';
  const key = (user) => `${user.email ?? ''}\n${user.userId ?? ''}`;
  const users = [...app.store.users.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  if (format === 'digest') {
    const hash = createHash('sha256');
    for (const user of users) hash.update(`${dumped(user)}\n`);
    writeAnswer(res, answer(200, { count: users.length, sha256: hash.digest('hex') }));
    return;
  }
  const json = format === 'json';
  res.writeHead(200, { 'Content-Type': json ? 'application/json' : 'application/jsonl' });
  if (json) res.write('[');
  for (const [i, user] of users.entries()) {
    const text = json ? `${i > 0 ? ',' : ''}\n${dumped(user)}` : `${dumped(user)}\n`;
    if (!res.write(text)) await new Promise((done) => res.once('drain', done));
  }
  res.end(json ? '\n]\n' : '');
}

function dumped({ email, userId, fields, lists, subscriptions }) {
  const out = { dataFields: fields };
  if (email !== null) out.email = email;
  if (userId !== null) out.userId = userId;
  if (lists.length > 0) out.lists = [...lists].sort((a, b) => a - b);
  if (Object.keys(subscriptions).length > 0) out.subscriptions = subscriptions;
  return canonical(out);
}
