// onesock example: a whole server; run it, then `nc 127.0.0.1 7777` in another window.
// c++ -std=c++17 -pthread -I single_include examples/hello_server.cpp -o hello_server
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

#include <iostream>

int main() {
  onesock::Server server([](onesock::Socket& client) {
    client.end("hello, " + client.remote_address() + "\n");
    client.resume();  // Reads on and drops it: an end behind bytes that nobody reads is never seen.
  });
  server.listen(7777, "127.0.0.1", [&] { std::cout << "listening " << server.address() << '\n'; });
  onesock::run();
}
