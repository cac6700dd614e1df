// onesock example: a port forwarder: who connects to LISTEN talks to HOST:PORT, half-closes kept.
// c++ -std=c++17 -pthread -I single_include examples/tcp_proxy.cpp -o tcp_proxy
// SPDX-License-Identifier: MIT
//
// tcp_proxy LISTEN HOST PORT; with LISTEN 0 the system chooses, and it is printed.

#include "onesock.hpp"

#include <charconv>
#include <iostream>
#include <string_view>

namespace {

// -1, which onesock tells as a bad port, if the text is no number.
int number(std::string_view text) {
  int value = -1;
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, value).ptr == end ? value : -1;
}

void forward(const onesock::Socket& client, const onesock::ConnectOptions& target) {
  const onesock::Socket upstream = onesock::connect(target);
  client.pipe(upstream).pipe(client);
  // What ends well ends through the pipes; what breaks takes its other half with it.
  upstream.on_error([](const onesock::Error& error) { std::cerr << error << std::endl; });
  upstream.on_close([client](bool had_error) {
    if (had_error) client.destroy();
  });
  client.on_close([upstream](bool had_error) {
    if (had_error) upstream.destroy();
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: tcp_proxy LISTEN HOST PORT\n";
    return 2;
  }
  onesock::ConnectOptions target;
  target.host = argv[2];
  target.port = number(argv[3]);
  target.allow_half_open = true;
  onesock::ServerOptions options;
  options.allow_half_open = true;
  onesock::Server server(options, [target](onesock::Socket& client) { forward(client, target); });
  server.on_listening([server] { std::cout << "listening " << server.address() << std::endl; });
  bool failed = false;
  server.on_error([&failed](const onesock::Error& error) {
    std::cerr << error << std::endl;
    failed = true;
  });
  server.listen({number(argv[1]), "127.0.0.1"});
  onesock::run();
  return failed ? 1 : 0;
}
