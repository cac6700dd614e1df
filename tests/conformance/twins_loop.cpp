// onesock: twins of Node's scripts about time, what keeps the process going, and exceptions.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <chrono>
#include <stdexcept>

namespace twins {
namespace {

using onesock::Server;
using onesock::Socket;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string about(Clock::time_point start) {
  const auto spent = std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
  return "~" + std::to_string((spent + 25) / 50 * 50) + "ms";
}

void time_out_idle(const Socket& c, Clock::time_point start) {
  const bool is_this = c.set_timeout(milliseconds(100),
                                     [start] { log("client", "timeout-cb " + about(start)); }) == c;
  log("client", "setTimeout returns this=" + yes_no(is_this));
  later(450, [c] {
    log("client", "after 450ms (one timeout only?) " + st(c));
    c.end();
  });
}

void time_out_after_activity(const Socket& c, Clock::time_point start) {
  c.set_timeout(milliseconds(150));
  const auto interval = onesock::set_interval(milliseconds(50), [c] { c.write("k"); });
  later(400, [interval] {
    interval.cancel();
    log("client", "stop writing");
  });
  later(900, [c] { c.end(); });
  c.on_timeout([start] { log("client", "timeout at " + about(start)); });
}

void time_out_zero(const Socket& c) {
  c.set_timeout(milliseconds(60));
  c.set_timeout(milliseconds(0));
  later(250, [c] { c.end(); });
}

void time_out_again(const Socket& c) {
  c.set_timeout(milliseconds(80));
  c.on_timeout([c, k = 0]() mutable {
    log("client", "timeout#" + std::to_string(++k));
    if (k < 3) {
      c.write("x");
    } else {
      c.end();
    }
  });
}

void time_out_writing(const Socket& c, Clock::time_point start) {
  c.on_connect([c, start] {
    c.set_timeout(milliseconds(150));
    c.write(zeros(16 << 20), [c] {
      log("client", "write-cb");
      c.end();
    });
    c.on_timeout([c, start] {
      log("client", "timeout while write stuck, at " + about(start) +
                        " wLen>0=" + yes_no(c.write_queue_size() > 0));
    });
  });
}

void time_out_bad(const Socket& c) {
  for (const long long v : {-1LL, 1LL << 32}) {
    c.set_timeout(milliseconds(v));
    log("client", "setTimeout(" + std::to_string(v) + ") ok");
  }
  c.set_timeout(milliseconds(0));
  later(50, [c] { c.end(); });
}

void timeout(const Args& args) {
  const auto mode = mode_of(args, "idle");
  const auto start = Clock::now();
  const Server server;
  server.on_connection([server, mode](Socket s) {
    if (mode == "writing") {
      s.pause();
      later(600, [s] {
        log("S.sock", "resume");
        s.resume();
      });
    }
    Unwatched unwatched;
    unwatched.data = true;
    watch(s, "S.sock", unwatched);
    if (mode != "writing") s.resume();
    s.on_close([server] { server.close(); });
  });
  listen(watch_server(server), [mode, start](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    if (mode == "idle") time_out_idle(c, start);
    if (mode == "activity") time_out_after_activity(c, start);
    if (mode == "zero") time_out_zero(c);
    if (mode == "rearm") time_out_again(c);
    if (mode == "writing") time_out_writing(c, start);
    if (mode == "bad") time_out_bad(c);
  });
}

void unref(const Args& args) {
  const auto mode = mode_of(args, "noconn");
  const auto start = Clock::now();
  const Server server;
  server.on_connection([mode](Socket s) {
    watch(s, "S.sock");
    if (mode == "conn-unref") s.unref();
    if (mode != "conn") return;
    later(300, [s] {
      log("S.sock", "end() at 300ms");
      s.end();
    });
  });
  on_exit([start] {
    const bool is_late = Clock::now() - start > milliseconds(250);
    log("process", std::string("elapsed ") + (is_late ? ">250ms" : "<250ms"));
  });
  listen(watch_server(server), [server, mode](int p) {
    log("server", "unref() returns this=" + yes_no(server.unref() == server));
    if (mode == "ref") {
      server.ref();
      later(300, [server] { server.close(); });
    }
    if (mode.substr(0, 4) == "conn") {
      const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
      if (mode == "conn-unref") c.on_connect([c] { c.unref(); });
    }
  });
}

void throw_in_handler(const Args& args) {
  const auto mode = mode_of(args, "data");
  on_uncaught([](const std::string& e) { log("process", "uncaughtException " + e); });
  const Server server;
  server.on_connection([server, mode](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
    if (mode == "connection") throw std::runtime_error("in connection");
    s.on_data([k = 0]() mutable {
      if (k++ == 0) throw std::runtime_error("in data");
    });
  });
  listen(watch_server(server), [mode](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([c] {
      c.write("one");
      later(60, [c] { c.write("two"); });
      later(120, [c] { c.end(); });
    });
    if (mode == "connect") c.on_connect([] { throw std::runtime_error("in connect"); });
  });
}

void process_order(const Args&) {
  const Server server;
  server.on_connection([server](Socket s) {
    s.on_data([server, s] {
      later(0, [] { log("loop", "timeout 0"); });
      onesock::default_loop().post([] { log("loop", "immediate"); });
      log("loop", "data handler");
      s.destroy();
      s.on_close([server] {
        log("loop", "close event");
        server.close();
      });
    });
  });
  listen(server, [](int p) {
    const Socket c = onesock::connect(p, "127.0.0.1");
    c.on_connect([c] { c.write("x"); });
    c.on_error([] {});
    c.resume();
  });
}

const Twin twin_11{"11-timeout", timeout};
const Twin twin_14{"14-unref", unref};
const Twin twin_25{"25-throw-in-handler", throw_in_handler};
const Twin twin_35{"35-process-order", process_order};

}  // namespace
}  // namespace twins
