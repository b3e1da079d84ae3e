#!/usr/bin/env node
// The stand-in for Iterable: see README.md. Puts the parts together, listens, stops on SIGTERM.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { admin, presetFields } from './lib/admin.mjs';
import { App } from './lib/app.mjs';
import { Checks } from './lib/checks.mjs';
import { Faults, randomFaults } from './lib/faults.mjs';
import { Journal } from './lib/journal.mjs';
import { help, parseOptions } from './lib/options.mjs';
import { parseRates, Rates } from './lib/rates.mjs';
import { Records } from './lib/records.mjs';
import { Routes } from './lib/routes.mjs';
import { Store } from './lib/store.mjs';

const GRACE_MS = 2000;

function build(options) {
  const checks = new Checks({
    swaggerPath: options.swagger,
    strict: options.strict,
    zodEmails: options.zodEmails,
  });
  const faults = new Faults(
    randomFaults({
      seed: options.faultSeed,
      rate: options.faultRate,
      kinds: options.faultKinds,
      endpoints: options.faultEndpoints,
      hang_ms: options.faultHangMs,
    }),
  );
  if (options.faults !== null) {
    for (const fault of JSON.parse(readFileSync(options.faults, 'utf8'))) faults.add(fault);
  }
  const store = new Store();
  if (options.state !== null) new Journal(options.state).attach(store);
  presetFields(store, options.fields);
  return new App({
    options,
    store,
    checks,
    faults,
    admin,
    routes: new Routes(checks.operations),
    rates: new Rates(parseRates(options.rate), () => performance.now()),
    records: new Records(options.keepBodies),
  });
}

/** Plain, or with TLS where the options name a certificate: [server, scheme]. */
function listener({ tlsCert, tlsKey }, handler) {
  if (tlsCert === null && tlsKey === null) return [createServer(handler), 'http'];
  if (tlsCert === null || tlsKey === null) throw new Error('--tls-cert and --tls-key go together');
  const files = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
  return [createSecureServer(files, handler), 'https'];
}

function serve(app) {
  const [server, scheme] = listener(app.options, (req, res) => {
    app.handle(req, res).catch((error) => {
      // A client that went away while it was sending is its own business.
      if (req.socket.destroyed) return;
      process.stderr.write(`${error.stack}\n`);
      req.socket.destroy();
    });
  });
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.listen(app.options.port, '127.0.0.1', () => {
    const { port } = server.address();
    const { projectType } = app.options;
    process.stdout.write(
      `listening on ${scheme}://127.0.0.1:${port} (project type ${projectType}; checks: ${app.checks.describe()})\n`,
    );
  });
  server.on('error', (error) => {
    process.stderr.write(`cannot listen: ${error.message}\n`);
    process.exit(1);
  });
  return server;
}

function stopOnSignal(app, server) {
  const finish = () => {
    app.store.journal?.snapshot();
    process.exit(0);
  };
  const stop = () => {
    server.close(finish);
    for (const socket of app.held) socket.destroy();
    server.closeIdleConnections();
    setTimeout(finish, GRACE_MS).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

try {
  if (process.argv.includes('--help')) {
    process.stdout.write(help());
    process.exit(0);
  }
  const app = build(parseOptions(process.argv.slice(2)));
  stopOnSignal(app, serve(app));
} catch (error) {
  process.stderr.write(`iterable stand-in: ${error.message}\n`);
  process.exit(2);
}
