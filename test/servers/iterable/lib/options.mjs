// The command line, as one table that parses it, gives the defaults and prints the help.

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FIELD_TYPES } from './fields.mjs';
import { PROJECT_TYPES } from './identity.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const CONTRACTS = process.env.SLUICE_CONTRACTS ?? resolve(ROOT, '../shared/contracts');

const text = (value) => value;
const list = (value) => value.split(',').filter((part) => part !== '');

function flag(value) {
  if (value !== 'true' && value !== 'false') throw new Error('true or false is expected');
  return value === 'true';
}

function number(value) {
  if (value.trim() === '' || !(Number(value) >= 0)) throw new Error('a number is expected');
  return Number(value);
}

function oneOf(choices) {
  return (value) => {
    if (!choices.includes(value)) throw new Error(`one of ${choices.join(', ')} is expected`);
    return value;
  };
}

function fieldTypes(value) {
  return list(value).map((part) => {
    const at = part.lastIndexOf(':');
    const type = part.slice(at + 1);
    if (at < 1 || !FIELD_TYPES.includes(type)) throw new Error(`"${part}" is not NAME:TYPE`);
    return [part.slice(0, at), type];
  });
}

/** name → [parse, default, help]. */
export const OPTIONS = {
  port: [number, 0, 'port on 127.0.0.1; 0 takes a free one'],
  'tls-cert': [text, null, 'certificate (PEM): speak https, with the key of --tls-key'],
  'tls-key': [text, null, 'its private key (PEM)'],
  'project-type': [oneOf(PROJECT_TYPES), 'email', 'what identifies people: email, userid, hybrid'],
  'api-key': [text, 'test-key', 'the key that the Api-Key header must carry'],
  'project-name': [text, 'standin', 'name of the project in messages'],
  state: [text, null, 'file that keeps the state over restarts (FILE.log stands beside it)'],
  rate: [text, '', 'limits: NAME=5, NAME=5/min, NAME=off, comma-separated; "none" turns all off'],
  'retry-after': [flag, true, 'whether a 429 of the rate limits carries Retry-After'],
  swagger: [
    text,
    resolve(CONTRACTS, 'iterable_swagger.json'),
    'Iterable\'s Swagger; "none", or a file that is not there, means our own schema',
  ],
  strict: [flag, true, 'refuse properties that the schema does not list'],
  'zod-emails': [
    oneOf(['report', 'refuse']),
    'report',
    'malformed e-mails that zod finds: note, or 400',
  ],
  'create-new-fields': [flag, true, 'the project keeps unknown fields'],
  'allow-both-identifiers': [flag, false, 'take user objects with email and userId'],
  'opt-in-message-types': [flag, false, 'the project has opt-in message types'],
  'max-users': [number, 1000, 'users in one request'],
  'max-body-bytes': [number, 4000000, 'bytes of one request'],
  'max-fields': [number, 1000, 'user fields of the project'],
  'max-value-bytes': [number, 32000, 'bytes of one text value'],
  'lane-seconds': [number, 60, 'bulk and single calls for one person this close are a violation'],
  'disallowed-events': [text, '', 'names of events that are not tracked, comma-separated'],
  'catalog-delay-ms': [number, 0, 'how long after its answer an item is to be seen'],
  fields: [fieldTypes, [], 'fields that exist already: NAME:TYPE, comma-separated'],
  'keep-bodies': [flag, false, 'keep request bodies for /__admin/requests'],
  faults: [text, null, 'JSON file with a list of faults, queued at the start'],
  'fault-rate': [number, 0, 'share of requests that meet a random fault'],
  'fault-seed': [number, 1, 'seed of the random faults'],
  'fault-kinds': [list, null, 'kinds of random faults (default: those that a retry heals)'],
  'fault-endpoints': [list, ['users/bulkUpdate'], 'endpoints that random faults hit'],
  'fault-hang-ms': [number, 2000, 'how long a random hang keeps the connection'],
};

/** Options by camelCase name. Throws Error with one sentence where the line is wrong. */
export function parseOptions(argv) {
  const options = {};
  for (const [name, [, value]] of Object.entries(OPTIONS)) options[camel(name)] = value;
  for (let i = 0; i < argv.length; i += 2) {
    const name = argv[i].replace(/^--/, '');
    const spec = OPTIONS[name];
    if (!argv[i].startsWith('--') || spec === undefined)
      throw new Error(`unknown option ${argv[i]}`);
    if (argv[i + 1] === undefined) throw new Error(`${argv[i]} needs a value`);
    try {
      options[camel(name)] = spec[0](argv[i + 1]);
    } catch (error) {
      throw new Error(`${argv[i]} ${argv[i + 1]}: ${error.message}`);
    }
  }
  if (options.swagger === 'none') options.swagger = null;
  return options;
}

export function help() {
  const lines = Object.entries(OPTIONS).map(
    ([name, [, , what]]) => `  --${name.padEnd(24)}${what}`,
  );
  return `node server.mjs [--option value]…\n\n${lines.join('\n')}\n`;
}

function camel(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}
