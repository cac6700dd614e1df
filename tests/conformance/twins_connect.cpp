// onesock: twins of Node's scripts about connecting: names, several addresses, bad arguments.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace twins {
namespace {

using onesock::Address;
using onesock::ConnectOptions;
using onesock::Error;
using onesock::Family;
using onesock::LookupAnswer;
using onesock::LookupFunction;
using onesock::Server;
using onesock::Socket;

ConnectOptions connect_to(int number, const std::string& host, LookupFunction lookup = {}) {
  ConnectOptions options;
  options.port = number;
  options.host = host;
  options.lookup = std::move(lookup);
  return options;
}

/// A resolver that answers on a later turn; logs that it was called.
LookupFunction look_up_logged(const std::vector<Address>& addresses) {
  return [addresses](const std::string& host, Family, LookupAnswer answer) {
    log("lookup", "called host=" + host);
    onesock::default_loop().post([addresses, answer] { answer(Error(), addresses); });
  };
}

void connect_selected(const Server& server, int p, const std::string& mode) {
  std::vector<Address> addresses;
  if (mode != "off") addresses.push_back(Address::from_ip("::1", 0));
  addresses.push_back(Address::from_ip("127.0.0.1", 0));
  const Socket c = watch(
      onesock::connect(mode == "localhost" ? connect_to(p, "localhost")
                                           : connect_to(p, "two.test", look_up_logged(addresses))),
      "client");
  c.on_connect([c] {
    log("client", "remote " + c.remote_address());
    c.end();
  });
  c.on_close([server] { server.close(); });
}

void autoselect(const Args& args) {
  const auto mode = mode_of(args, "localhost");
  const Server server([](Socket s) { s.resume(); });
  watch_server(server);
  const auto go = [server, mode](int p) { connect_selected(server, p, mode); };
  if (mode == "bothrefused") {
    listen(server, [server, go](int p) { server.close([go, p] { go(p); }); });
  } else {
    listen(server, go, mode == "v6" ? "::1" : "127.0.0.1");
  }
}

/// A resolver that answers this on a later turn.
LookupFunction answer_later(const Error& error, const std::vector<Address>& addresses) {
  return [error, addresses](const std::string&, Family, LookupAnswer answer) {
    onesock::default_loop().post([error, addresses, answer] { answer(error, addresses); });
  };
}

ConnectOptions lookup_options(int p, const std::string& mode) {
  if (mode == "ip") return connect_to(p, "127.0.0.1");
  if (mode == "fail") {
    const Error not_found("getaddrinfo", onesock::ResolveError::not_found,
                          Address{"x.invalid", 0, Family::any});
    return connect_to(p, "x.invalid", answer_later(not_found, {}));
  }
  if (mode == "badaddr") {
    return connect_to(p, "weird", answer_later({}, {Address{"not-an-ip", 0, Family::ipv4}}));
  }
  ConnectOptions options;
  options.port = p;
  if (mode == "name") options.host = "localhost";
  if (mode == "none") options.family = Family::ipv4;
  if (mode == "fam6") options.family = Family::ipv6;
  return options;
}

void lookup(const Args& args) {
  const auto mode = mode_of(args, "name");
  const Server server([](Socket s) { s.resume(); });
  listen(watch_server(server), [server, mode](int p) {
    const Socket c = onesock::connect(lookup_options(p, mode));
    Unwatched unwatched;
    unwatched.lookup = true;
    watch(c, "client", unwatched);
    c.on_lookup([](const Error& e, const Address& a, std::string_view h) {
      const auto family = a.family == Family::ipv4   ? "4"
                          : a.family == Family::ipv6 ? "6"
                                                     : "undefined";
      log("client", "lookup(err=" + code(e) + ", address=" + text_or_undefined(a.host) +
                        ", family=" + family + ", host=" + std::string(h) + ")");
    });
    c.on_connect([c] { c.end(); });
    c.on_close([server] { server.close(); });
  });
}

void try_connect(const std::string& what, const ConnectOptions& options) {
  const Socket c = onesock::connect(options);
  log("args", what + " -> no throw");
  c.on_error([what](const Error& e) { log("args", what + " -> error " + fe(e)); });
  c.on_connect([what, c] {
    log("args", what + " -> connected");
    c.destroy();
  });
}

void connect_args(const Args&) {
  try_connect("connect(65536)", connect_to(65536, "localhost"));
  try_connect("connect(-1)", connect_to(-1, "localhost"));
  try_connect("port 0", connect_to(0, "127.0.0.1"));
  auto options = connect_to(1, "localhost");
  options.family = Family::local;
  try_connect("family 7", options);
  options = connect_to(1, "127.0.0.1");
  options.local_port = 70000;
  try_connect("localPort bad", options);
  options = connect_to(1, "127.0.0.1");
  options.local_address = "zz";
  try_connect("localAddress bad", options);
  options.local_address = "203.0.113.9";
  try_connect("localAddress not mine", options);

  const Socket s;
  s.on_error([](const Error& e) { log("args", "write on never-connected: error " + fe(e)); });
  s.on_close([] { log("args", "never-connected close"); });
  const bool r = s.write("x", [](const Error& e) { log("args", "cb " + fe(e)); });
  log("args", "write on never-connected returns " + yes_no(r));
  for (const char* a :
       {"127.0.0.1", "127.1", "::1", "::ffff:1.2.3.4", "fe80::1%lo", "01.2.3.4", "1.2.3.4 ",
        "1.2.3.256", "::1::", "[::1]", "0x7f.1", "", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "::1%"}) {
    log("isIP", json(a) + " = " + std::to_string(onesock::is_ip(a)));
  }
}

/// A listener whose queue is full: the system answers no further client. Linux only.
class BlackHole {
 public:
  /// `ready` runs when the queue is full.
  BlackHole(const std::string& host, int number, onesock::Task ready) {
    onesock::ListenOptions options;
    options.host = host;
    options.port = number;
    options.backlog = 1;
    acceptor_.listen(options);
    for (int i = 0; i < 3; i++) {
      fillers_.push_back(onesock::connect(port(), host));
      fillers_.back().on_error([] {}).unref();
    }
    later(150, std::move(ready));
  }
  ~BlackHole() {
    for (const auto& filler : fillers_) filler.destroy();
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  int port() const { return acceptor_.address().port; }

 private:
  onesock::Acceptor acceptor_;
  std::vector<Socket> fillers_;
};

/// As the script's start(): `then` gets the port, and what is to be kept until the end.
void start_black_hole(const std::string& host, int number,
                      std::function<void(int, std::shared_ptr<void>)> then) {
  const auto keep = std::make_shared<std::unique_ptr<BlackHole>>();
  *keep = std::make_unique<BlackHole>(host, number, [then, keep] {
    const int p = port((*keep)->port());
    then(p, keep);
  });
}

void connect_to_nothing(const std::string& mode, int p, std::shared_ptr<void> k) {
  const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
  c.write("q", [](const Error& e) { log("client", "write-cb " + fe(e)); });
  if (mode == "timeout") {
    c.set_timeout(std::chrono::milliseconds(200));
    c.on_timeout([c] {
      log("client", st(c));
      c.destroy(Error("my timeout"));
    });
  }
  if (mode == "destroy") {
    later(100, [c] {
      log("client", "destroy()");
      c.destroy();
    });
  }
  if (mode == "reset") {
    later(100, [c] {
      log("client", "resetAndDestroy()");
      c.reset_and_destroy();
    });
  }
  c.on_close([k = std::move(k)] {});
}

void connect_past_nothing(const Server& server, int p, std::shared_ptr<void> k) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto both = [](const std::string&, Family, const LookupAnswer& answer) {
    answer({}, {Address::from_ip("::1", 0), Address::from_ip("127.0.0.1", 0)});
  };
  const Socket c = watch(onesock::connect(connect_to(p, "two.test", both)), "client");
  c.on_connect([c, start] {
    const std::chrono::duration<double, std::milli> spent = Clock::now() - start;
    log("client", "connected via " + c.remote_address() + " after ~" +
                      std::to_string(std::lround(spent.count() / 50) * 50) + "ms");
    c.end();
  });
  c.on_close([server, k = std::move(k)] { server.close(); });
}

void black_hole(const Args& args) {
  const auto mode = mode_of(args, "timeout");
  if (mode != "auto") {
    start_black_hole("127.0.0.1", 0, [mode](int p, std::shared_ptr<void> k) {
      connect_to_nothing(mode, p, std::move(k));
    });
    return;
  }
  const Server server([](Socket s) { s.resume(); });
  listen(watch_server(server), [server](int p) {
    start_black_hole("::1", p, [server, p](int, std::shared_ptr<void> k) {
      connect_past_nothing(server, p, std::move(k));
    });
  });
}

const Twin twin_16{"16-autoselect", autoselect};
const Twin twin_19{"19-lookup", lookup};
const Twin twin_28{"28-blackhole", black_hole};
const Twin twin_30{"30-connect-args", connect_args};

}  // namespace
}  // namespace twins
