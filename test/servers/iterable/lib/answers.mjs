// Answers: {status, headers, body}. A body that is a string goes out as text, anything else as JSON.

/** A success of the endpoints that only confirm; real ones say msg "" and params null. */
export function success(msg = '', params = null) {
  return answer(200, { msg, code: 'Success', params });
}

export function failure(status, code, msg, params = null) {
  return answer(status, { msg, code, params });
}

export function answer(status, body, headers = {}) {
  return { status, headers, body };
}

/** 429 as Iterable words it; `seconds` null leaves Retry-After out. */
export function rateLimited(seconds) {
  const headers =
    seconds === null ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) };
  return answer(
    429,
    { msg: 'Exceeded rate limit.', code: 'RateLimitExceeded', params: null },
    headers,
  );
}

/** 400 BadJsonBody with one entry per problem ("obj.users[1].email" → what was expected). */
export function badJsonBody(path, problems) {
  const params = {};
  for (const { path: where, message } of problems) params[where] ??= message;
  return failure(400, 'BadJsonBody', `[${path}] Invalid JSON body`, params);
}

/** 400 of a field whose type differs from its first touch; refuses the whole request. */
export function typesMismatched(project, mismatches) {
  const [[name, first]] = mismatches;
  const validationErrors = {};
  for (const [field, error] of mismatches) validationErrors[`${project}:::${field}`] = error;
  const msg =
    `Project ${project}: The request does not have the same data types as the data previously ` +
    `submitted. Field '${name}' already exists for type 'user' and has a data type of ` +
    `'${first.expectedType}' but possible types '${first.incomingTypes.join(', ')}' in the request.`;
  return failure(400, 'RequestFieldsTypesMismatched', msg, { validationErrors });
}

/** The body of bulkUpdate, subscribe and unsubscribe. */
export class BulkOutcome {
  constructor() {
    this.successCount = 0;
    this.failed = Object.fromEntries(FAILURE_LISTS.map((name) => [name, []]));
    this.deprecated = { email: [], userId: [] };
    this.disallowed = 0;
  }

  /** `reason`: 'invalid' | 'invalidData' | 'forgotten' | 'conflict' | 'notFound'. */
  fail({ reason, kind, value, identifier }) {
    this.failed[`${reason}${kind === 'email' ? 'Emails' : 'UserIds'}`].push(value);
    this.deprecated[identifier.kind].push(identifier.value);
  }

  /** An event whose name the project does not track: it is nobody's fault. */
  disallow() {
    this.disallowed += 1;
  }

  get failCount() {
    return this.deprecated.email.length + this.deprecated.userId.length + this.disallowed;
  }

  body(createdFields, filteredOutFields) {
    return {
      successCount: this.successCount,
      failCount: this.failCount,
      failedUpdates: this.failed,
      createdFields: [...createdFields],
      filteredOutFields: [...filteredOutFields],
      invalidEmails: this.deprecated.email,
      invalidUserIds: this.deprecated.userId,
    };
  }
}

const FAILURE_LISTS = ['conflict', 'forgotten', 'invalidData', 'invalid', 'notFound'].flatMap(
  (r) => [`${r}Emails`, `${r}UserIds`],
);
