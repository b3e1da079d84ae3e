// Keeps the state on disk, so that a stopped server goes on where it was.
//
// FILE is a snapshot: JSON, one operation a line inside an array, written to FILE.new and renamed.
// FILE.log has one line per commit since: the sequence number and the operations. The line is
// written before the answer leaves, so what a client was told survives a kill of the server (not a
// power cut: there is no fsync). A torn last line is a commit that nobody was told of.

import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

import { parse, stringify } from './json_text.mjs';

const VERSION = 1;
const COMPACT_AT_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export class Journal {
  constructor(file) {
    this.file = file;
    this.log = `${file}.log`;
    this.sequence = 0;
    this.logBytes = 0;
    this.store = null;
  }

  /** Reads snapshot and log into the store and appends to the log from then on. */
  attach(store) {
    this.store = store;
    if (existsSync(this.file)) this.#readSnapshot();
    if (existsSync(this.log)) this.#readLog();
    store.journal = this;
    this.snapshot();
  }

  append(ops) {
    this.sequence += 1;
    const line = `${stringify({ sequence: this.sequence, ops })}\n`;
    appendFileSync(this.log, line);
    this.logBytes += line.length;
    if (this.logBytes > COMPACT_AT_BYTES) this.snapshot();
  }

  /** Writes the whole state and empties the log. A crash in between only repeats commits. */
  snapshot() {
    const next = `${this.file}.new`;
    const out = openSync(next, 'w');
    let text = `{"version":${VERSION},"sequence":${this.sequence},"operations":[\n`;
    let separator = '';
    for (const op of this.store.operations()) {
      text += separator + stringify(op);
      separator = ',\n';
      if (text.length > CHUNK_BYTES) {
        writeSync(out, text);
        text = '';
      }
    }
    writeSync(out, `${text}\n]}\n`);
    closeSync(out);
    renameSync(next, this.file);
    if (existsSync(this.log)) truncateSync(this.log);
    this.logBytes = 0;
  }

  #readSnapshot() {
    let head = null;
    for (const line of linesOf(this.file)) {
      if (head === null) {
        head = parse(`${line}]}`).value;
        if (head.version !== VERSION) throw new Error(`${this.file}: version ${head.version}`);
      } else if (line.startsWith('{')) {
        this.store.apply(parse(line.replace(/,$/, '')).value);
      }
    }
    this.sequence = head.sequence;
  }

  #readLog() {
    for (const line of linesOf(this.log)) {
      const entry = parseOrNull(line);
      if (entry === null || entry.sequence <= this.sequence) continue;
      for (const op of entry.ops) this.store.apply(op);
      this.sequence = entry.sequence;
    }
  }
}

/** The lines of a file in turn, for files that do not fit into one string. */
function* linesOf(file) {
  const input = openSync(file, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  for (let size = readSync(input, chunk); size > 0; size = readSync(input, chunk)) {
    const lines = (rest + decoder.write(chunk.subarray(0, size))).split('\n');
    rest = lines.pop();
    yield* lines;
  }
  closeSync(input);
  if (rest !== '') yield rest;
}

function parseOrNull(line) {
  try {
    return line === '' ? null : parse(line).value;
  } catch {
    return null;
  }
}
