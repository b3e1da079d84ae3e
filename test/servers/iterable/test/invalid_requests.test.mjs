// The committed list of requests that must be refused: with the Swagger where it is to be had, and
// with our own schema. Each must be refused in the stated way and leave no trace in the project.
//
// A case: name, project (type), endpoint, one of body | raw | raw_base64 | repeat_users (with
// bytes_each), headers; status, code, message (a part of the answer), violation (a kind, "shape"
// for whichever schema is on, or null for a request that is refused without blame).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { FOLDER, HAS_SWAGGER, KEY, send, start, SWAGGER } from './harness.mjs';

const CASES = JSON.parse(readFileSync(resolve(FOLDER, 'invalid_requests.json'), 'utf8'));
const SCHEMAS = { schema: 'none', ...(HAS_SWAGGER ? { swagger: SWAGGER } : {}) };

function bodyOf(request) {
  if (request.raw !== undefined) return request.raw;
  if (request.raw_base64 !== undefined) return Buffer.from(request.raw_base64, 'base64');
  if (request.repeat_users === undefined) return request.body;
  const filler = 'x'.repeat(request.bytes_each ?? 1);
  const users = Array.from({ length: request.repeat_users }, (_, i) => ({
    email: `u${i}@x.org`,
    dataFields: { filler },
  }));
  return { users };
}

test('the list is long enough and every case has its own name', () => {
  assert.ok(CASES.length >= 40);
  assert.equal(new Set(CASES.map((c) => c.name)).size, CASES.length);
  assert.ok(CASES.filter((c) => c.endpoint.endsWith('bulkUpdate')).length >= 30);
});

for (const [source, swagger] of Object.entries(SCHEMAS)) {
  for (const project of ['email', 'userid', 'hybrid']) {
    describe(`checked by ${source}, project type ${project}`, () => {
      let server;
      before(async () => {
        server = await start({
          'project-type': project,
          swagger,
          fields: 'born:date,age:long,ok:boolean',
        });
        assert.ok(
          server.line.includes(source === 'swagger' ? 'Swagger' : 'own schema'),
          server.line,
        );
      });
      after(() => server.stop());

      for (const request of CASES.filter((c) => c.project === project)) {
        test(request.name, async () => {
          await server.reset();
          await server.admin('POST', 'forgotten', { emails: ['forgotten@x.org'] });
          const fields = await server.admin('GET', 'fields');
          const [method, path] = request.endpoint.split(' ');
          const headers = { 'Api-Key': KEY, ...request.headers };
          const answer = await send(server.url, method, path, bodyOf(request), headers);
          assert.deepEqual(
            [answer.status, answer.body?.code],
            [request.status, request.code],
            answer.text,
          );
          assert.ok(answer.text.includes(request.message), answer.text);
          const kinds = await server.violations();
          const expected = request.violation === 'shape' ? source : request.violation;
          if (expected === null) assert.deepEqual(kinds, []);
          else assert.ok(kinds.includes(expected), `${expected} in ${kinds}`);
          assert.deepEqual(await server.users(), []);
          assert.deepEqual(await server.admin('GET', 'fields'), fields);
        });
      }
    });
  }
}
