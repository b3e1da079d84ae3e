// The faults that can be asked for, and what each does to one request.
//
// A fault's effect is plain values, so that app.mjs has one road for all of them:
//   commit   whether the request is carried out (default true)
//   tweak    changes how it is carried out: fail(item, index) → reason | null, drop: field names
//   answer   (real answer | null) → the answer to give instead
//   wire     what happens to the connection: 'hang' | 'reset' | 'truncate'
//   before, after   milliseconds to wait before carrying out / before answering

import { answer, badJsonBody, failure, rateLimited, typesMismatched } from './answers.mjs';
import { dateOf } from './fields.mjs';
import { identifierOf } from './identity.mjs';

const BROKEN = 'An error occurred. Please try again later.';

function serverError(fault) {
  return failure(fault.status ?? 500, 'GenericError', fault.msg ?? BROKEN);
}

/** Every kind: {effect(fault, request), fields: allowed parameters, retryable}. */
export const FAULT_KINDS = {
  'rate-limit': kind(['retry_after'], (f) => ({
    commit: false,
    answer: () => rateLimited(f.retry_after === undefined ? 1 : f.retry_after),
  })),
  'error-before-commit': kind(['status', 'msg'], (f) => ({
    commit: false,
    answer: () => serverError(f),
  })),
  'error-after-commit': kind(['status', 'msg'], (f) => ({ answer: () => serverError(f) })),
  'hang-before-commit': kind(['hang_ms'], (f) => ({
    commit: false,
    wire: 'hang',
    after: f.hang_ms,
  })),
  'hang-after-commit': kind(['hang_ms'], (f) => ({ wire: 'hang', after: f.hang_ms })),
  'reset-before-commit': kind([], () => ({ commit: false, wire: 'reset' })),
  'reset-after-commit': kind([], () => ({ wire: 'reset' })),
  'truncated-answer': kind([], () => ({ wire: 'truncate' })),
  'invalid-json-answer': kind(['text'], (f) => ({
    answer: () => answer(200, f.text ?? '<html><body>502 Bad Gateway</body></html>'),
  })),
  slow: kind(['delay_ms', 'after_commit'], (f) => ({
    [f.after_commit ? 'after' : 'before']: f.delay_ms ?? 1000,
  })),
  'fail-users': refusing(['emails', 'user_ids', 'indexes', 'reason'], (f, request) => ({
    tweak: { fail: failing(f, request.project) },
  })),
  'count-failures': refusing(['count'], (f) => ({
    answer: (real) => withUnnamedFailures(real, f.count ?? 1),
  })),
  'drop-fields': refusing(['fields'], (f) => ({ tweak: { drop: f.fields ?? [] } })),
  'bad-json-index': refusing(['index', 'field', 'message'], (f, request) => ({
    commit: false,
    answer: () =>
      badJsonBody(request.path, [
        {
          path: `obj.${request.items}[${f.index ?? 0}].${f.field ?? 'dataFields'}`,
          message: f.message ?? 'Object value expected',
        },
      ]),
  })),
  'type-mismatch': refusing(['field', 'value', 'index', 'expected_type'], (f, request) => ({
    commit: false,
    answer: () => mismatchOf(f, request),
  })),
  'batch-too-large': refusing(['msg'], (f, request) => ({
    commit: false,
    answer: () => failure(400, 'BatchTooLarge', f.msg ?? `[${request.path}] Batch too large`),
  })),
  'payload-too-large': refusing(['text'], (f) => ({
    commit: false,
    answer: () =>
      answer(
        413,
        f.text ?? '<html><head><title>413 Request Entity Too Large</title></head></html>',
      ),
  })),
  conflict: refusing(['code', 'msg'], (f) => ({
    commit: false,
    answer: () => failure(409, f.code ?? 'EmailAlreadyExists', f.msg ?? 'Email/userId conflict'),
  })),
  'accepted-and-lost': refusing(['status'], (f) => ({
    commit: false,
    answer: () => answer(f.status ?? 202, { msg: '', code: 'Success', params: null }),
  })),
  answer: refusing(['status', 'headers', 'body', 'commit'], (f) => ({
    commit: f.commit ?? false,
    answer: () => answer(f.status ?? 200, f.body ?? {}, f.headers ?? {}),
  })),
};

/** Kinds after which the same request, sent again, has the effect of an undisturbed one. */
export const RETRYABLE_KINDS = Object.keys(FAULT_KINDS).filter(
  (name) => FAULT_KINDS[name].retryable,
);

function kind(fields, effect) {
  return { fields, effect, retryable: true };
}

function refusing(fields, effect) {
  return { fields, effect, retryable: false };
}

const REASONS = ['invalid', 'invalidData', 'forgotten', 'conflict', 'notFound'];

function failing(fault, project) {
  const reason = REASONS.includes(fault.reason) ? fault.reason : 'invalidData';
  const emails = new Set((fault.emails ?? []).map((email) => email.toLowerCase()));
  const userIds = new Set(fault.user_ids ?? []);
  const indexes = new Set(fault.indexes ?? []);
  return (item, index) => {
    const { kind: type, value } = identifierOf(project, item);
    const hit =
      indexes.has(index) ||
      (type === 'email' ? emails.has(String(value).toLowerCase()) : userIds.has(value));
    return hit ? reason : null;
  };
}

// Failures that are counted but not named: the answer of a server that one cannot attribute.
function withUnnamedFailures(real, count) {
  if (real.status !== 200) return real;
  const { successCount, failCount } = real.body;
  const moved = Math.min(count, successCount);
  return answer(200, {
    ...real.body,
    successCount: successCount - moved,
    failCount: failCount + moved,
  });
}

function mismatchOf(fault, request) {
  const item = request.list[fault.index ?? 0];
  const field = fault.field ?? Object.keys(item?.dataFields ?? {})[0] ?? 'field';
  const value = fault.value !== undefined ? fault.value : item?.dataFields?.[field];
  const error = {
    incomingTypes:
      typeof value === 'string' && dateOf(value) === null ? ['string', 'keyword'] : [typeof value],
    expectedType: fault.expected_type ?? 'date',
    category: 'user',
    offendingValue: value ?? null,
    _type: 'UnexpectedType',
  };
  return typesMismatched(request.projectName, new Map([[field, error]]));
}
