// onesock: random bytes, cut at random, and random text: our encodings against this Node's own.
// SPDX-License-Identifier: MIT
//
//   node decoder_fuzz.js PROGRAM [SEED]      PROGRAM is decoder_fuzz.cpp, built
'use strict';
const { spawnSync } = require('child_process');
const { StringDecoder } = require('string_decoder');

const program = process.argv[2];
const seed = Number(process.argv[3] ?? 1234);
const STRINGS = 10000;
const ENCODINGS = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'ascii', 'utf16le'];
if (!program || !Number.isInteger(seed)) {
  console.error('usage: node decoder_fuzz.js PROGRAM [SEED]');
  process.exit(2);
}

// mulberry32: the same cases for the same seed, on every system.
let state = seed >>> 0;
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const repeat = (times, make) => Array.from({ length: times }, make);

// Pieces near the borders of what is valid, so that most strings are nearly right.
const BYTES = ['41', '7f', '80', 'bf', 'c0', 'c1', 'c2', 'c3a9', 'df', 'e0', 'e09f', 'e0a0', 'e282',
  'e282ac', 'ed9f', 'eda0', 'edbfbf', 'ef', 'efbbbf', 'efbfbd', 'f0', 'f08f', 'f090', 'f09f98',
  'f09f9880', 'f48f', 'f48fbfbf', 'f490', 'f5', 'ff', '00', '3dd8', '00de', '3dd800de', 'fffe',
  'd8', 'dc', 'ffdb', 'ffdf'];
const anyByte = () => random(256).toString(16).padStart(2, '0');
function randomBytes() {
  const make = pick([anyByte, () => pick(BYTES), () => (random(8) ? pick(BYTES) : anyByte())]);
  return Buffer.from(repeat(random(40), make).join(''), 'hex');
}

const TEXTS = ['a', 'é', '€', '😀', '=', '==', ' ', '\n', '-', '_', '+', '/', '!', 'g', '\0', '\uffff',
  '４', '\u0141', '\u0130', '\u01ff', '\ufeff', '\ud7ff', '\ue000', '\u{10000}', '\u{10ffff}', '\ud83d'];
const HEX = [...'0123456789abcdefABCDEF'];
const BASE64 = [...'ABCXYZabcxyz0189+/-_'];
function randomText() {
  const alphabet = pick([TEXTS, HEX, BASE64]);
  const text = repeat(random(40), () => (random(16) ? pick(alphabet) : pick(TEXTS))).join('');
  return Buffer.from(text, 'utf8').toString('utf8'); // a lone surrogate is no UTF-8
}

/** Cuts at one to five random places; some pieces are empty. */
function cut(bytes) {
  const places = repeat(random(5), () => random(bytes.length + 1)).sort((a, b) => a - b);
  return [...places, bytes.length].map((end, i) => bytes.subarray(i ? places[i - 1] : 0, end));
}

function decodeAsNode(pieces, encoding) {
  const decoder = new StringDecoder(encoding);
  return pieces.map((piece) => decoder.write(piece)).join('') + decoder.end();
}

const hex = (data) => Buffer.from(data).toString('hex');
const cases = []; // { group, line, expected }
const decodeCase = (group, encoding, pieces, expected) => cases.push({
  group, line: `decode ${encoding} ${pieces.map(hex).join('|')}`, expected: hex(expected) });
const encodeCase = (group, encoding, text) => cases.push({
  group, line: `encode ${encoding} ${hex(text)}`, expected: hex(Buffer.from(text, encoding)) });

for (let i = 0; i < STRINGS; i++) {
  const bytes = randomBytes();
  const pieces = cut(bytes);
  const text = randomText();
  decodeCase('raw', 'raw', pieces, bytes);
  for (const encoding of ENCODINGS) {
    decodeCase('decoder', encoding, pieces, decodeAsNode(pieces, encoding));
    encodeCase('encode', encoding, text);
    // A lone surrogate does not survive the way through UTF-8.
    encodeCase('back', encoding, Buffer.from(bytes.toString(encoding), 'utf8').toString('utf8'));
  }
}

const child = spawnSync(program, { input: cases.map((c) => c.line + '\n').join(''), maxBuffer: 1 << 28 });
if (child.error || child.status !== 0) {
  console.error(`${program}: ${child.error ?? child.stderr} (status ${child.status})`);
  process.exit(1);
}
const answers = child.stdout.toString('latin1').split(/\r?\n/).slice(0, -1);
if (answers.length !== cases.length) {
  console.error(`${cases.length} cases, ${answers.length} answers`);
  process.exit(1);
}

const tally = {};
cases.forEach(({ group, line, expected }, i) => {
  const count = (tally[group] ??= { equal: 0, differ: 0 });
  if (answers[i] === expected) return count.equal++;
  if (count.differ++ < 5) console.log(`${line}\n  Node ${expected}\n  ours ${answers[i]}`);
});
function report(group, what) {
  console.log(`${group} fuzz: seed ${seed}, ${what}: ${tally[group].equal} equal, ${tally[group].differ} differ`);
}
report('decoder', `${STRINGS} strings x ${ENCODINGS.length} encodings`);
report('raw', `${STRINGS} strings`);
report('encode', `${STRINGS} texts x ${ENCODINGS.length} encodings`);
report('back', `${STRINGS} decoded strings x ${ENCODINGS.length} encodings, encoded again`);
process.exit(Object.values(tally).some((count) => count.differ > 0) ? 1 : 0);
