// onesock: twins of Node's scripts about writing and ending.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <utility>

namespace twins {
namespace {

using onesock::Error;
using onesock::Server;
using onesock::Socket;

void half_open(const Args& args) {
  onesock::ServerOptions options;
  options.allow_half_open = mode_of(args, "false") == "true";
  const Server server(options);
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
    s.on_end([s] {
      log("S.sock", "in end: " + st(s));
      const bool r =
          s.write("late", [](const Error& e) { log("S.sock", "late write-cb " + fe(e)); });
      log("S.sock", "write in 'end' = " + yes_no(r));
      later(50, [s] {
        log("S.sock", "+50ms: " + st(s));
        if (s.destroyed()) return;
        const bool later_r =
            s.write("later", [](const Error& e) { log("S.sock", "later write-cb " + fe(e)); });
        log("S.sock", "write +50ms=" + yes_no(later_r));
        s.end();
      });
    });
  });
  listen(watch_server(server), [](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([c] { c.end("q"); });
    c.on_finish([c] { log("client", "at finish: " + st(c)); });
  });
}

onesock::Done end_callback(const char* name) {
  return [name](const Error& e) { log("client", std::string(name) + " " + fe(e)); };
}

void write_late(const Socket& c) {
  const bool r = c.write("late", end_callback("write-cb"));
  log("client", "write()=" + yes_no(r) + " " + st(c));
}

void write_after_end(const Args& args) {
  const auto mode = mode_of(args, "own-end");
  const Server server;
  server.on_connection([server, mode](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
    if (mode == "peer-end") s.end();
  });
  listen(watch_server(server), [mode](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([c, mode] {
      if (mode == "own-end") {
        c.end("a");
        write_late(c);
      }
      if (mode == "destroyed") {
        c.destroy();
        write_late(c);
      }
      if (mode == "end-twice") {
        c.end("a", end_callback("end-cb1"));
        c.end(end_callback("end-cb2"));
        later(100, [c] { c.end(end_callback("end-cb3")); });
      }
      if (mode == "end-data-twice") {
        c.end("a", end_callback("end-cb1"));
        c.end("b", end_callback("end-cb2"));
      }
    });
    if (mode == "peer-end") {
      c.on_end([c] {
        log("client", "in end");
        write_late(c);
      });
    }
  });
}

void write_logged(const Socket& c, onesock::BufferView x, const std::string& t) {
  const bool r =
      c.write(x, [c, t] { log("client", t + "-cb wLen=" + std::to_string(c.write_queue_size())); });
  log("client", "write " + t + " = " + yes_no(r) + " wLen=" + std::to_string(c.write_queue_size()));
}

void write_single(const Socket& c) {
  write_logged(c, zeros(16383), "16383");
  write_logged(c, zeros(1), "1");
  later(30, [c] {
    write_logged(c, zeros(16384), "16384");
    onesock::default_loop().post([] { log("client", "setImmediate after"); });
  });
  later(80, [c] { c.end(); });
}

void write_string(const Socket& c) {
  std::string text;
  for (int i = 0; i < 10000; i++) text += "\xc3\xa9";
  write_logged(c, text, "10000 chars = 20000 bytes utf8");
  later(50, [c] { c.end(); });
}

void write_to_slow(const Socket& c) {
  c.on_drain([c] { log("client", "drain wLen=" + std::to_string(c.write_queue_size())); });
  int i = 0;
  while (i < 2000 && c.write(zeros(16000))) i++;
  log("client", "first false after n>0:" + yes_no(i > 0));
  for (int k = 0; k < 400; k++) c.write(zeros(16000));
  log("client", "queued wLen>1MB=" + yes_no(c.write_queue_size() > 1000000));
  later(400, [c] { c.end(); });
}

void write_nothing(const Socket& c) {
  write_logged(c, "", "empty string");
  write_logged(c, zeros(0), "empty buffer");
  later(50, [c] { c.end(); });
}

void drain(const Args& args) {
  const auto mode = mode_of(args, "single");
  const Server server;
  server.on_connection([server, mode](Socket s) {
    Unwatched unwatched;
    unwatched.data = true;
    watch(s, "S.sock", unwatched);
    s.on_close([server] { server.close(); });
    if (mode != "slow") {
      s.resume();
      return;
    }
    s.pause();
    later(200, [s] {
      log("S.sock", "resume");
      s.resume();
    });
  });
  listen(watch_server(server), [mode](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([c, mode] {
      if (mode == "single") write_single(c);
      if (mode == "string") write_string(c);
      if (mode == "slow") write_to_slow(c);
      if (mode == "empty") write_nothing(c);
    });
  });
}

void write_before_connect(const Args& args) {
  const auto mode = mode_of(args, "write");
  const Server server;
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
  });
  listen(watch_server(server), [mode](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    for (const std::string t : {"a", "b", "c"}) {
      const bool r = c.write(t, [t] { log("client", "write " + t + "-cb"); });
      log("client", "write(" + t + ")=" + yes_no(r) + " " + st(c));
    }
    if (mode == "big") {
      const bool r = c.write(zeros(20000), [] { log("client", "big-cb"); });
      log("client", "write(20000)=" + yes_no(r));
    }
    c.on_connect([c] { log("client", "in connect " + st(c)); });
    c.end("d", [] { log("client", "end-cb"); });
  });
}

const Twin twin_08{"08-halfopen", half_open};
const Twin twin_09{"09-write-after-end", write_after_end};
const Twin twin_13{"13-drain", drain};
const Twin twin_17{"17-write-before-connect", write_before_connect};

}  // namespace
}  // namespace twins
