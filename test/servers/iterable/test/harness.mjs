// Starts the real server as a process and talks to it over HTTP.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseOptions } from '../lib/options.mjs';

// A test that fails half-way leaves its server behind; it must not keep the run alive.
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const KEY = 'key-of-the-tests';
export const SWAGGER = parseOptions([]).swagger;
export const HAS_SWAGGER = existsSync(SWAGGER);

/** Starts a server with `options` ({'project-type': 'email', …}); rates are off unless given. */
export async function start(options = {}) {
  const given = { 'api-key': KEY, rate: 'none', ...options };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [resolve(FOLDER, 'server.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) done(text.split('\n')[0]);
    });
    child.once('exit', (code) => fail(new Error(`the server ended with ${code}: ${text}`)));
  });
  child.stdout.unref();
  child.unref();
  running.add(child);
  child.once('exit', () => running.delete(child));
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)[0];
  return new Server(child, url, line);
}

class Server {
  constructor(child, url, line) {
    this.child = child;
    this.url = url;
    this.line = line;
  }

  /** Sends one API request. `body` is JSON unless it is a string or Buffer. */
  api(method, path, body, headers = {}) {
    return send(this.url, method, path, body, { 'Api-Key': KEY, ...headers });
  }

  bulk(users, more = {}) {
    return this.api('POST', '/api/users/bulkUpdate', { users, ...more });
  }

  update(user) {
    return this.api('POST', '/api/users/update', user);
  }

  async admin(method, name, body) {
    const answer = await send(this.url, method, `/__admin/${name}`, body, {});
    if (answer.status !== 200) throw new Error(`${method} ${name}: ${answer.text}`);
    return answer.body;
  }

  users() {
    return this.admin('GET', 'users');
  }

  async violations() {
    return (await this.admin('GET', 'violations')).violations.map((v) => v.kind);
  }

  async reset() {
    await this.admin('POST', 'reset');
  }

  /** Ends the server and waits for it; returns the exit code (null after a signal). */
  async stop(signal = 'SIGTERM') {
    this.child.ref();
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill(signal);
    return ended;
  }
}

/** {status, headers, text, body}; rejects where the connection breaks or `timeout` passes. */
export function send(url, method, path, body, headers, timeout = 10_000) {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const payload = body === undefined ? null : raw ? body : JSON.stringify(body);
  // Node gives the body of a DELETE no length by itself.
  const length = payload === null ? 0 : Buffer.byteLength(payload);
  const base =
    payload === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': length };
  return new Promise((done, fail) => {
    const req = request(`${url}${path}`, { method, headers: { ...base, ...headers } }, (res) => {
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('error', fail);
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        done({ status: res.statusCode, headers: res.headers, text, body: jsonOf(text) });
      });
    });
    req.setTimeout(timeout, () => req.destroy(new Error('timed out')));
    req.on('error', fail);
    req.end(payload);
  });
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
