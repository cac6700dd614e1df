// onesock: twins of Node's scripts about how connections begin and end.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <memory>
#include <utility>

namespace twins {
namespace {

using onesock::BufferView;
using onesock::Error;
using onesock::Server;
using onesock::Socket;

void echo_client_ends(const Args&) {
  const Server server;
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    s.on_data([s](BufferView d) { s.write(d, [] { log("S.sock", "write-cb"); }); });
    s.on_close([server] { server.close([] { log("server", "close-cb"); }); });
  });
  listen(watch_server(server), [](int p) {
    const Socket c = onesock::connect(p, "127.0.0.1", [] { log("client", "connect-callback"); });
    log("client", "after connect(): " + st(c));
    watch(c, "client");
    c.on_connect([c] {
      const bool r = c.write("hello", [] { log("client", "write-cb"); });
      log("client", "write()=" + yes_no(r) + " " + st(c));
    });
    c.on_data([c] {
      c.end([] { log("client", "end-cb"); });
      log("client", "after end(): " + st(c));
    });
    c.on_close([c] { log("client", "at close: " + st(c)); });
  });
}

void server_ends_first(const Args& args) {
  const auto mode = mode_of(args, "a");
  const Server server;
  server.on_connection([server, mode](Socket s) {
    watch(s, "S.sock");
    const bool is_this = s.end("bye", [] { log("S.sock", "end-cb"); }) == s;
    log("S.sock", "end() returned this=" + yes_no(is_this));
    if (mode == "a") s.on_close([server] { server.close(); });
  });
  listen(watch_server(server), [server, mode](int p) {
    Unwatched unwatched;
    unwatched.data = mode != "a";
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client", unwatched);
    if (mode != "b") return;
    later(400, [server, c] {
      log("client", "after 400ms w/o data listener: " + st(c));
      log("client", "now resume()");
      c.resume();
      c.on_close([server] { server.close(); });
    });
  });
}

void refused(const Args&) {
  const Server t;
  t.listen(0, "127.0.0.1", [t] {
    const int p = port(t.address().port);
    t.close([p] {
      const Socket c = watch(
          onesock::connect(p, "127.0.0.1", [] { log("client", "connect-callback"); }), "client");
      const bool r =
          c.write("queued", [](const Error& e) { log("client", "write-cb err=" + code(e)); });
      log("client", "write()=" + yes_no(r) + " " + st(c));
      c.on_error([c] { log("client", "in error: " + st(c)); });
      c.on_close([c] { log("client", "in close: " + st(c)); });
    });
  });
}

void reset(const Args& args) {
  const auto mode = mode_of(args, "idle");
  const Server server;
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    later(100, [server, s] {
      log("S.sock", "resetAndDestroy()");
      s.reset_and_destroy();
      log("S.sock", st(s));
      server.close();
    });
  });
  listen(watch_server(server), [mode](int p) {
    Unwatched unwatched;
    unwatched.error = mode == "nolistener";
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client", unwatched);
    c.on_close([c] { log("client", "at close " + st(c)); });
  });
  if (mode == "nolistener") {
    on_uncaught([](const std::string& e) { log("process", "uncaughtException " + e); });
  }
}

/// Calls `go` in the first `event` of the socket.
void once(const Socket& c, const std::string& event, const std::function<void()>& go) {
  const auto first = [go, is_first = std::make_shared<bool>(true)] {
    if (std::exchange(*is_first, false)) go();
  };
  if (event == "lookup") c.on_lookup(first);
  if (event == "connect") c.on_connect(first);
  if (event == "data") c.on_data(first);
  if (event == "end") c.on_end(first);
  if (event == "finish") c.on_finish(first);
}

void destroy_in(const Args& args) {
  const auto ev = mode_of(args, "data");
  const Server server;
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
    for (int i = 0; i < 3; i++) s.write(zeros(100000));
    s.end();
  });
  listen(watch_server(server), [server, ev](int p) {
    onesock::ConnectOptions options;
    options.port = p;
    options.host = ev == "lookup" ? "localhost" : "127.0.0.1";
    options.family = onesock::Family::ipv4;
    const Socket c = watch(onesock::connect(options), "client");
    c.write(zeros(20000), [](const Error& e) { log("client", "write-cb err=" + code(e)); });
    if (ev == "finish") c.on_connect([c] { c.end(); });
    const auto go = [c, ev] {
      log("client", "destroy() in " + ev);
      c.destroy();
      log("client", st(c));
    };
    ev == "sync" ? go() : once(c, ev, go);
    if (ev == "sync" || ev == "lookup") later(200, [server] { server.close(); });
  });
}

/// One case of 20-haderror: what both ends' `close` say after `client` or `on_server` did it.
Step had_error_case(const std::string& name, std::function<void(const Socket&)> client,
                    std::function<void(const Socket&)> on_server = {}) {
  return [=](std::function<void()> next) {
    const Server server;
    server.on_connection([=](Socket s) {
      s.on_error([] {});
      s.on_close([=](bool h) {
        log(name, "server-side close hadError=" + yes_no(h));
        server.close();
      });
      s.resume();
      if (on_server) on_server(s);
    });
    listen(server, [=](int p) {
      const Socket c = onesock::connect(p, "127.0.0.1");
      c.resume();
      c.on_error([name](const Error& e) {
        log(name, "client error " + std::string(e.name()) + " " + e.message());
      });
      c.on_close([name](bool h) { log(name, "client close hadError=" + yes_no(h)); });
      c.on_connect([=] {
        if (client) later(20, [=] { client(c); });
      });
      server.on_close([next] { later(20, next); });
    });
  };
}

void had_error(const Args&) {
  in_turn({
      had_error_case("end", [](const Socket& c) { c.end(); }),
      had_error_case("destroy", [](const Socket& c) { c.destroy(); }),
      had_error_case("destErr", [](const Socket& c) { c.destroy(Error("boom")); }),
      had_error_case("reset", [](const Socket& c) { c.reset_and_destroy(); }),
      had_error_case("srvReset", {},
                     [](const Socket& s) { later(40, [s] { s.reset_and_destroy(); }); }),
      had_error_case("wAfter",
                     [](const Socket& c) {
                       c.end();
                       c.write("x");
                     }),
  });
}

void reconnect(const Args&) {
  const Server server;
  server.on_connection([server, n = 0](Socket s) mutable {
    s.end("hi" + std::to_string(++n));
    if (n == 2) server.close();
  });
  listen(watch_server(server), [](int p) {
    const Socket c;
    watch(c, "client");
    log("client", "fresh " + st(c));
    c.connect(p, "127.0.0.1", [] { log("client", "connect-cb A"); });
    c.on_close([c, p] {
      log("client", "reconnect same object");
      watch(c, "client");  // The listeners went with the first life.
      c.connect(p, "127.0.0.1", [] { log("client", "connect-cb B"); });
    });
  });
}

const Twin twin_01{"01-echo-client-ends", echo_client_ends};
const Twin twin_02{"02-server-ends-first", server_ends_first};
const Twin twin_03{"03-refused", refused};
const Twin twin_05{"05-reset", reset};
const Twin twin_06{"06-destroy-in", destroy_in};
const Twin twin_20{"20-haderror", had_error};
const Twin twin_27{"27-reconnect", reconnect};

}  // namespace
}  // namespace twins
