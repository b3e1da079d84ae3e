// What the server remembers of its clients: the log of requests, violations, counts. Bounded.

const MOST_REQUESTS = 20000;
const MOST_VIOLATIONS = 5000;
const MOST_BODY_BYTES = 256 * 1024 * 1024;

export class Records {
  constructor(keepBodies) {
    this.keepBodies = keepBodies;
    this.clear();
  }

  clear() {
    this.requests = [];
    this.violations = [];
    this.notes = [];
    this.answerProblems = [];
    this.counts = new Map();
    this.total = 0;
    this.violationTotal = 0;
    this.bodyBytes = 0;
    this.acknowledged = 0;
  }

  /** Opens the log entry of a request; the caller fills it in as it learns more. */
  open(fields) {
    this.total += 1;
    const entry = {
      seq: this.total,
      ...fields,
      status: null,
      fault: null,
      committed: false,
      violations: [],
    };
    this.requests.push(entry);
    if (this.requests.length > MOST_REQUESTS) this.#forgetBody(this.requests.shift());
    return entry;
  }

  keepBody(entry, text) {
    if (!this.keepBodies) return;
    entry.body = text;
    this.bodyBytes += text.length;
    for (const old of this.requests) {
      if (this.bodyBytes <= MOST_BODY_BYTES) break;
      this.#forgetBody(old);
    }
  }

  /** Something that a well-behaved writer does not do. */
  violation(entry, kind, message, details) {
    this.violationTotal += 1;
    entry.violations.push(kind);
    if (this.violations.length >= MOST_VIOLATIONS) return;
    this.violations.push({
      request: entry.seq,
      time: entry.time,
      endpoint: entry.endpoint,
      kind,
      message,
      ...(details === undefined ? {} : { details }),
    });
  }

  note(entry, problems) {
    if (this.notes.length < MOST_VIOLATIONS) {
      this.notes.push({ request: entry.seq, endpoint: entry.endpoint, problems });
    }
  }

  close(entry, status) {
    entry.status = status;
    const key = `${entry.endpoint} ${status}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  #forgetBody(entry) {
    if (entry.body === undefined) return;
    this.bodyBytes -= entry.body.length;
    delete entry.body;
  }
}
