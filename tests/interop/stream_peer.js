// onesock: what stream_peer.cpp does, line by line, in Node.
// SPDX-License-Identifier: MIT
'use strict';
const net = require('net');

const MIB = 1024 * 1024;

/** FNV-1a, and how many bytes. */
class Checksum {
  hash = 2166136261;
  bytes = 0;

  add(data) {
    for (const byte of data) this.hash = Math.imul(this.hash ^ byte, 16777619);
    this.bytes += data.length;
  }

  text() {
    return `${this.bytes} bytes, FNV-1a ${(this.hash >>> 0).toString(16).padStart(8, '0')}`;
  }
}

function xorshift32(seed) {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const printClose = (hadError) => console.log(hadError ? 'closed after an error' : 'closed');
const printError = (error) => console.log(`error ${error.message}`);

function serve() {
  const received = new Checksum();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    server.close();
    client.on('data', (data) => {
      received.add(data);
      if (!client.write(data)) client.pause();
    });
    client.on('drain', () => client.resume());
    client.on('end', () => {
      console.log(`received ${received.text()}`);
      // Some turns later: by then it takes half-close to answer.
      setTimeout(() => client.end(received.text()), 10);
    });
    client.on('error', printError).on('close', printClose);
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening 127.0.0.1:${server.address().port}`));
}

function sendTo(port, seed) {
  const random = xorshift32(seed);
  const sent = new Checksum();
  const received = new Checksum();
  let left = MIB;
  let hasEnded = false;
  let trailer = '';
  const socket = net.connect(port, '127.0.0.1');

  function nextPiece() {
    const piece = Buffer.alloc(Math.min(left, 1 + (random() % 65536)));
    left -= piece.length;
    for (let i = 0; i < piece.length; i++) piece[i] = random() >>> 24;
    sent.add(piece);
    return piece;
  }

  function goOn() {
    while (left > 0) {
      if (!socket.write(nextPiece())) return;
    }
    if (hasEnded) return;
    hasEnded = true;
    socket.end();
    console.log(`sent ${sent.text()}`);
  }

  socket.on('connect', goOn).on('drain', goOn);
  socket.on('data', (data) => {
    const missing = MIB - received.bytes;
    received.add(data.subarray(0, missing));
    trailer += data.subarray(missing);
  });
  socket.on('end', () => {
    console.log(`received ${received.text()}`);
    console.log(`the server received ${trailer}`);
  });
  socket.on('error', printError).on('close', printClose);
}

const [role, port, seed] = process.argv.slice(2);
if (role === 'server') serve();
else sendTo(Number(port), Number(seed));
