// One request from its first byte to its answer.
//
// The order is the service's: path, key, size, rate limit, JSON, shape, then the endpoint itself.
// Everything between looking at the state and committing runs without a pause, so requests do not
// see each other half done.

import { createHash } from 'node:crypto';

import { badJsonBody, failure, rateLimited } from './answers.mjs';
import { effectOf } from './faults.mjs';
import { formatDate } from './fields.mjs';
import { identifierOf } from './identity.mjs';
import { parse, stringify } from './json_text.mjs';
import { takeDaily } from './rates.mjs';

// What identifies one person; several may share the userId of an e-mail project.
const LANE_KINDS = { email: ['email'], userid: ['userId'], hybrid: ['email', 'userId'] };

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export class App {
  /** `parts`: {options, store, checks, routes, rates, faults, records, admin}. */
  constructor(parts) {
    Object.assign(this, parts);
    this.clockOffsetMs = 0;
    this.inFlight = 0;
    this.held = new Set();
    this.lanes = new Map(); // family, kind, identifier → {lane, at}: who was written by which kind of call
  }

  now() {
    return new Date(Date.now() + this.clockOffsetMs);
  }

  async handle(req, res) {
    const url = new URL(req.url, 'http://127.0.0.1');
    if (url.pathname.startsWith('/__admin/')) {
      const { bytes } = await readBody(req, Infinity);
      await this.admin(this, req, res, url, bytes);
      return;
    }
    this.inFlight += 1;
    try {
      await this.#api(req, res, url);
    } finally {
      this.inFlight -= 1;
    }
  }

  async #api(req, res, url) {
    const route = this.routes.find(req.method, url.pathname);
    const started = performance.now();
    const entry = this.records.open({
      time: this.now().toISOString(),
      endpoint: route?.endpoint ?? `${req.method} ${url.pathname}`,
      path: url.pathname + url.search,
    });
    const { bytes, size } = await readBody(req, this.options.maxBodyBytes);
    entry.bytes = size;
    const request = { req, url, route, entry, bytes, size, path: url.pathname };
    const refused = this.#admit(request) ?? this.#read(request);
    if (refused !== null) {
      this.#send(res, request, refused, started);
      return;
    }
    const fault = this.faults.take(this.#faultView(request));
    entry.fault = fault?.kind ?? null;
    const effect = effectOf(fault, request);
    if (effect.before > 0) await sleep(effect.before);
    let answer = effect.commit === false ? null : this.#carryOut(request, effect.tweak ?? {});
    if (effect.answer !== undefined) answer = effect.answer(answer);
    if (effect.wire !== undefined) {
      this.records.close(entry, `(${effect.wire})`);
      this.#disturb(req, res, effect, answer);
      return;
    }
    if (effect.after > 0) await sleep(effect.after);
    this.#send(res, request, answer, started, fault === null);
  }

  /** Everything that refuses a request before its body is looked at. */
  #admit({ req, url, route, entry, size, path }) {
    const violation = (kind, message) => this.records.violation(entry, kind, message);
    if (url.searchParams.has('api_key') || url.searchParams.has('apiKey')) {
      violation('api-key-in-url', 'The key stands in the URL; it belongs in the Api-Key header');
    }
    if (route === null) {
      violation('unknown-endpoint', `${req.method} ${path} is not in the schema`);
      return failure(404, 'NotFound', `No such endpoint: ${req.method} ${path}`);
    }
    const key = req.headers['api-key'] ?? req.headers.api_key;
    if (key !== this.options.apiKey) {
      return failure(401, 'BadApiKey', 'Invalid API key', { ip: '127.0.0.1', endpoint: path });
    }
    const most = this.options.maxBodyBytes;
    if (size > most) {
      return failure(400, 'BatchTooLarge', `[${path}] ${size} bytes, at most ${most} are taken`);
    }
    const wait = this.rates.take(route.endpoint);
    if (wait > 0) return rateLimited(this.options.retryAfter ? wait : null);
    return null;
  }

  /** Reads and checks the body; fills in request.body, values, list. Returns a refusal or null. */
  #read(request) {
    const { req, route, entry, bytes, path } = request;
    const hasBody = route.operation.body !== null;
    if (hasBody && bytes.length > 0) {
      const wrong = this.#parse(request);
      if (wrong !== null) return wrong;
    }
    const query = Object.fromEntries(request.url.searchParams);
    const checked = this.checks.check(route.operation, {
      body: request.body,
      query,
      path: route.path,
    });
    request.values = checked.values;
    request.items = route.handler?.items;
    request.list = request.items ? listOf(request.body?.[request.items]) : [request.body];
    request.project = this.options.projectType;
    request.projectName = this.options.projectName;
    if (Array.isArray(request.list) && request.items) entry.users = request.list.length;
    if (checked.notes.length > 0) this.records.note(entry, checked.notes);
    for (const name of Object.keys(query)) {
      if (route.operation.parameters.some((p) => p.in === 'query' && p.name === name)) continue;
      this.records.violation(
        entry,
        'unknown-parameter',
        `${name} is no parameter of ${route.endpoint}`,
      );
    }
    if (checked.problems.length === 0) return this.#notBuilt(request);
    for (const source of new Set(checked.problems.map((p) => p.source))) {
      const problems = checked.problems.filter((p) => p.source === source);
      const text = problems.map((p) => `${p.path}: ${p.message}`).join('; ');
      this.records.violation(entry, source, text, problems);
    }
    if (hasBody) return badJsonBody(path, checked.problems);
    const [first] = checked.problems;
    return failure(400, 'BadParams', `[${path}] ${first.path}: ${first.message} (${req.method})`);
  }

  #parse(request) {
    const { req, entry, bytes, path } = request;
    const violation = (kind, message) => this.records.violation(entry, kind, message);
    entry.sha256 = createHash('sha256').update(bytes).digest('hex');
    const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    if (type !== 'application/json' || req.headers['content-encoding'] !== undefined) {
      const seen = `${type || 'none'} ${req.headers['content-encoding'] ?? ''}`.trim();
      violation('content-type', `application/json without encoding is expected, found: ${seen}`);
      return failure(400, 'BadJsonBody', `[${path}] Content-Type application/json is expected`);
    }
    try {
      const text = UTF8.decode(bytes);
      this.records.keepBody(entry, text);
      const { value, duplicates } = parse(text);
      request.body = value;
      if (duplicates.length > 0) {
        violation('duplicate-key', `${duplicates[0]} stands twice in one object`, duplicates);
        const problems = duplicates.map((where) => ({ path: where, message: 'Key stands twice' }));
        return badJsonBody(path, problems);
      }
      return null;
    } catch (error) {
      violation('json', `The body is not JSON in UTF-8: ${error.message}`);
      return failure(400, 'BadJsonBody', `[${path}] Invalid JSON: ${error.message}`);
    }
  }

  // Known to the schema and right, but not built here: honest about it.
  #notBuilt({ route, entry }) {
    if (route.handler !== null) return null;
    this.records.violation(entry, 'not-built', `${route.endpoint} is not built in the stand-in`);
    return failure(
      501,
      'GenericError',
      `Not built in the stand-in (the request is valid): ${route.endpoint}`,
    );
  }

  #carryOut(request, tweak) {
    const { route, entry } = request;
    const txn = this.store.begin();
    const now = this.now();
    const daily = takeDaily(this.store, route.endpoint, now.getTime());
    if (daily.wait > 0) return rateLimited(this.options.retryAfter ? daily.wait : null);
    if (daily.op !== null) txn.record(daily.op);
    const touched = [];
    const answer = route.handler.run({
      path: request.path,
      body: request.body,
      values: request.values,
      project: this.options.projectType,
      options: this.options,
      maxValueBytes: this.options.maxValueBytes,
      store: this.store,
      txn,
      now,
      nowText: formatDate(now),
      tweak,
      note: (kind, message) => this.records.violation(entry, kind, message),
      lane: (user) => touched.push(...this.#lane(entry, user, route.handler, now)),
    });
    if (answer.status >= 300) return answer;
    this.store.commit(txn.ops);
    entry.committed = true;
    entry.failed = answer.body?.failCount;
    this.records.acknowledged += answer.body?.successCount ?? 0;
    for (const [who, lane] of touched) this.lanes.set(who, lane);
    return answer;
  }

  // "For a given user, in a short period of time, only use single-user calls or bulk update calls." By identifier:
  // whoever is deleted and comes back is another user, and the same person.
  #lane(entry, user, { lane, family = 'user' }, now) {
    const at = now.getTime();
    const kinds = LANE_KINDS[this.options.projectType];
    const named = kinds.filter((kind) => user[kind] !== null && user[kind] !== undefined);
    const whom = named.map((kind) => `${family} ${kind} ${user[kind]}`);
    const mixed = whom
      .map((who) => this.lanes.get(who))
      .find((last) => last && last.lane !== lane && at - last.at < this.options.laneSeconds * 1000);
    if (mixed !== undefined) {
      const who = user.email ?? user.userId;
      this.records.violation(
        entry,
        'mixed-lanes',
        `${who}: ${mixed.lane} and ${lane} calls within a short time`,
      );
    }
    return whom.map((who) => [who, { lane, at }]);
  }

  #faultView({ route, entry, bytes, list, path }) {
    return {
      endpoint: route.endpoint,
      path,
      users: entry.users ?? 1,
      bytes: bytes.length,
      identifiers: () =>
        list.map((item) => identifierOf(this.options.projectType, item ?? {}).value),
    };
  }

  #send(res, request, answer, started, isOwn = true) {
    const { entry, route } = request;
    if (isOwn) {
      const problems = this.checks.checkAnswer(route?.operation, answer.status, answer.body);
      if (problems.length > 0)
        this.records.answerProblems.push({ endpoint: entry.endpoint, problems });
    }
    entry.duration_ms = Math.round((performance.now() - started) * 10) / 10;
    this.records.close(entry, answer.status);
    writeAnswer(res, answer);
  }

  #disturb(req, res, { wire, after }, answer) {
    if (wire === 'reset') {
      req.socket.resetAndDestroy();
    } else if (wire === 'truncate') {
      const { head, bytes } = rendered(answer);
      res.writeHead(answer.status, head);
      res.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => req.socket.destroy());
    } else {
      this.held.add(req.socket);
      req.socket.once('close', () => this.held.delete(req.socket));
      if (after !== undefined) setTimeout(() => req.socket.destroy(), after).unref();
    }
  }
}

// A list, or the values of an object that has one for each name.
function listOf(items) {
  const isObject = items !== null && typeof items === 'object' && !Array.isArray(items);
  return isObject ? Object.values(items) : (items ?? []);
}

export function writeAnswer(res, answer) {
  const { head, bytes } = rendered(answer);
  res.writeHead(answer.status, head);
  res.end(bytes);
}

function rendered({ headers, body }) {
  const isText = typeof body === 'string';
  const type = isText ? (body.startsWith('<') ? 'text/html' : 'text/plain') : 'application/json';
  const bytes = Buffer.from(isText ? body : stringify(body));
  return { head: { 'Content-Type': type, 'Content-Length': bytes.length, ...headers }, bytes };
}

/** {bytes, size}: the body and its length. A body of more than `most` bytes is read, not kept. */
async function readBody(req, most) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
  }
  return { bytes: Buffer.concat(size <= most ? chunks : []), size };
}

function sleep(ms) {
  return new Promise((done) => {
    setTimeout(done, ms);
  });
}
