// onesock: twins of Node's scripts about servers: listen, accept, drop, close.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <memory>
#include <string>
#include <vector>

namespace twins {
namespace {

using onesock::Error;
using onesock::ListenOptions;
using onesock::Server;
using onesock::Socket;

std::string listening_and_address(const Server& server) {
  return "listening=" + yes_no(server.listening()) + " address=" + json(server.address(), "null");
}

void listen_in_use(const Args&) {
  const Server a;
  listen(watch_server(a, "A"), [a](int p) {
    const Server b;
    watch_server(b, "B");
    b.on_error([a, b] {
      log("B", "in error: " + listening_and_address(b));
      a.close([b] {
        log("A", "close-cb");
        b.listen(0, "127.0.0.1", [b] {
          log("B", "second listen ok");
          b.close();
        });
      });
    });
    b.listen(p, "127.0.0.1", [] {
      log("B", "listen-cb of the FAILED listen() runs now (v20 leaves it registered)");
    });
    log("B", "after listen(): listening=" + yes_no(b.listening()));
    a.listen(0);
  });
}

onesock::Done close_callback(const char* name) {
  return [name](const Error& e) { log("server", std::string(name) + " " + fe(e)); };
}

void close_and_ask(const Server& server, const Socket& c, int p, const std::string& mode) {
  log("server", "close()");
  const bool is_this = server.close(close_callback("close-cb1")) == server;
  log("server", "returns this=" + yes_no(is_this) + " " + listening_and_address(server));
  log("server", "getConnections " + std::to_string(server.connections()));
  if (mode == "twice") server.close(close_callback("close-cb2"));
  if (mode == "newconn") watch(onesock::connect(p, "127.0.0.1"), "c2");
  later(100, [c] {
    log("client", "end()");
    c.end();
  });
}

void server_close(const Args& args) {
  const auto mode = mode_of(args, "open");
  const Server server;
  server.on_connection([server, mode](Socket s) {
    watch(s, "S.sock");
    if (mode != "inconn") return;
    log("server", "close() in connection");
    server.close(close_callback("close-cb"));
    later(100, [s] { s.end("bye"); });
  });
  watch_server(server);
  if (mode == "never") {
    server.close(close_callback("close-cb"));
    log("server", "after close()");
    return;
  }
  listen(server, [server, mode](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([=] {
      later(50, [=] {
        if (mode != "inconn") close_and_ask(server, c, p, mode);
      });
    });
  });
}

void third_after_drop(const Server& server, int p) {
  const Socket c3 = watch(onesock::connect(p, "127.0.0.1"), "c3");
  c3.on_connect([server, c3] {
    c3.end();
    server.close();
  });
}

void max_connections_drop(const Args&) {
  const Server server;
  server.on_connection([](Socket s) { watch(s, "S.sock"); });
  watch_server(server);
  server.set_max_connections(1);
  listen(server, [server](int p) {
    const Socket c1 = watch(onesock::connect(p, "127.0.0.1"), "c1");
    c1.on_connect([=] {
      later(50, [=] {
        const Socket c2 = watch(onesock::connect(p, "127.0.0.1"), "c2");
        c2.on_close([=] {
          c1.end();
          c1.on_close([=] { later(20, [=] { third_after_drop(server, p); }); });
        });
      });
    });
  });
}

/// The names of what a `drop` was given.
std::string keys_of(const onesock::Address& address, const std::string& end) {
  std::string keys;
  if (!address.host.empty()) keys += end + "Address";
  if (address.port != 0) keys += "," + end + "Port";
  if (address.family != onesock::Family::any) keys += "," + end + "Family";
  return keys;
}

void drop_with_data(const Args& args) {
  const auto mode = mode_of(args, "data");
  const Server server([](Socket s) { s.resume(); });
  watch_server(server);
  server.set_max_connections(mode == "zero" ? 0 : 1);
  server.off_drop();
  server.on_drop([](const onesock::DropInfo& d) {
    log("server", "drop keys=" + keys_of(d.local, "local") + "," + keys_of(d.remote, "remote"));
  });
  listen(server, [server, mode](int p) {
    const Socket c1 = onesock::connect(p, "127.0.0.1");
    c1.on_connect([=] {
      const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
      c.write("hello", [](const Error& e) { log("client", "write-cb err=" + code(e)); });
      if (mode == "zero") later(100, [c] { c.end(); });
      c.on_close([=] {
        c1.end();
        c1.resume();
        server.close();
      });
    });
  });
}

void accept_order(const Args&) {
  constexpr int n = 20;
  struct Seen {
    std::vector<int> ports = std::vector<int>(n);
    std::vector<int> conn;
    std::string data;
    int closed = 0;
  };
  const auto seen = std::make_shared<Seen>();
  const Server server;
  server.on_connection([server, seen](Socket s) {
    seen->conn.push_back(s.remote_port());
    s.on_data([seen](onesock::BufferView d) {
      seen->data += (seen->data.empty() ? "" : ",") + d.utf8();
    });
    s.on_close([server, seen] {
      if (++seen->closed != n) return;
      log("order", "connection order == connect order: " + yes_no(seen->conn == seen->ports));
      log("order", "data order " + seen->data);
      server.close();
    });
  });
  listen(server, [seen](int p) {
    for (std::size_t i = 0; i < n; i++) {
      const Socket c = onesock::connect(p, "127.0.0.1");
      c.on_connect([seen, c, i] {
        seen->ports[i] = c.local_port();
        c.end(std::to_string(i));
      });
      c.resume();
    }
  });
}

/// One listen() of 22-listen-address, under the arguments that the script gives.
Step listen_case(const std::string& arguments, const ListenOptions& options) {
  return [=](std::function<void()> next) {
    const Server x;
    x.on_error([x, next](const Error& e) {
      log("listen", "error " + fe(e));
      x.close();  // Nobody listens on it: its listeners go.
      next();
    });
    x.listen(options, [=] {
      if (x.address().port != 0) port(x.address().port, "<P>");
      log("listen", "(" + arguments + ") -> " + json(x.address(), "null"));
      x.close([x, next] {
        log("listen", "after close address()=" + json(x.address(), "null"));
        next();
      });
    });
  };
}

ListenOptions listen_at(int number, const std::string& host, bool ipv6_only = false) {
  ListenOptions options;
  options.port = number;
  options.host = host;
  options.ipv6_only = ipv6_only;
  return options;
}

ListenOptions listen_at(const std::string& path) {
  ListenOptions options;
  options.path = path;
  return options;
}

void both_ends() {
  const Server v;
  v.on_connection([](Socket q) {
    port(q.remote_port(), "<CP>");
    log("S.sock", "local=" + q.local_address() + ":" + std::to_string(q.local_port()) + "/" +
                      std::string(family_name(q.local_family())) + " remote=" + q.remote_address() +
                      ":" + std::to_string(q.remote_port()) + "/" +
                      std::string(family_name(q.remote_family())) +
                      " address()=" + json(q.address(), "{}"));
    q.resume();
    q.on_close([q] {
      log("S.sock", "after close remote=" + q.remote_address() + ":" +
                        std::to_string(q.remote_port()) +
                        " local=" + text_or_undefined(q.local_address()) + ":" +
                        (q.local_port() == 0 ? "undefined" : std::to_string(q.local_port())) +
                        " address()=" + json(q.address(), "{}"));
    });
  });
  listen(v, [v](int p) {
    const Socket c = onesock::connect(p, "127.0.0.1");
    log("client", "connecting: remote=" + text_or_undefined(c.remote_address()) +
                      " local=" + text_or_undefined(c.local_address()) +
                      " address()=" + json(c.address(), "{}"));
    c.on_connect([c] {
      port(c.local_port(), "<CP>");
      log("client", "connected: remote=" + c.remote_address() + ":" +
                        std::to_string(c.remote_port()) + "/" +
                        std::string(family_name(c.remote_family())) +
                        " address()=" + json(c.address(), "{}"));
      c.end();
    });
    c.resume();
    c.on_close([c, v] {
      log("client", "after close remote=" + text_or_undefined(c.remote_address()) +
                        " local=" + text_or_undefined(c.local_address()) +
                        " address()=" + json(c.address(), "{}"));
      v.close();
    });
  });
}

void listen_address(const Args&) {
  const Server s;
  log("server", "address() before listen = " + json(s.address(), "null") +
                    " listening=" + yes_no(s.listening()));
  const std::string too_long = "/tmp/" + std::string(120, 'a');
  in_turn({
      listen_case("0,\"127.0.0.1\"", listen_at(0, "127.0.0.1")),
      listen_case("0", listen_at(0, "")),
      listen_case("{\"port\":0,\"host\":\"localhost\"}", listen_at(0, "localhost")),
      listen_case("{\"port\":0,\"host\":\"::1\"}", listen_at(0, "::1")),
      listen_case("{\"port\":0,\"host\":\"::\",\"ipv6Only\":true}", listen_at(0, "::", true)),
      listen_case("\"./x.sock\"", listen_at("./x.sock")),
      listen_case("{\"path\":\"./no/dir.sock\"}", listen_at("./no/dir.sock")),
      listen_case("{\"path\":" + json(too_long) + "}", listen_at(too_long)),
      listen_case("65536", listen_at(65536, "")),
      listen_case("-1", listen_at(-1, "")),
      listen_case("\"abc:1\"", listen_at("abc:1")),
      listen_case("0,\"203.0.113.1\"", listen_at(0, "203.0.113.1")),
      [](const std::function<void()>&) { both_ends(); },
  });
}

const Twin twin_04{"04-listen-in-use", listen_in_use};
const Twin twin_10{"10-server-close", server_close};
const Twin twin_15{"15-maxconn-drop", max_connections_drop};
const Twin twin_22{"22-listen-address", listen_address};
const Twin twin_31{"31-drop-with-data", drop_with_data};
const Twin twin_33{"33-accept-order", accept_order};

}  // namespace
}  // namespace twins
