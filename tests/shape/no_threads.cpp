// onesock: names, a loop and a blocking client in a program that is compiled and linked without
// threads.
// SPDX-License-Identifier: MIT

#include <chrono>
#include <string>

#include "onesock.hpp"

namespace {

onesock::Server echo_server() {
  const onesock::Server server([](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
  });
  server.listen(0, "127.0.0.1");
  return server;
}

bool events_echo() {
  std::string answer;
  bool looked_up = false;
  const auto server = echo_server();
  const auto socket = onesock::connect(server.address().port, "localhost");
  socket.on_lookup([&] { looked_up = true; });
  socket.on_connect([&] { socket.write("hello"); });
  socket.on_data([&](onesock::BufferView data) {
    answer += data.raw();
    if (answer == "hello") socket.end();
  });
  socket.on_close([&] { server.close(); });
  onesock::run();
  return looked_up && answer == "hello";
}

/// Its server's turns come in between: the system holds what is under way.
bool client_echoes() {
  const auto server = echo_server();
  onesock::Client client;
  client.set_timeout(std::chrono::seconds(10));
  if (!client.connect(server.address().port, "localhost") || !client.write("hello\n")) return false;
  std::uint64_t echoed = 0;
  server.on_connection([&](onesock::Socket& peer) {
    peer.on_data([&](onesock::BufferView data) { echoed += data.size(); });
  });
  while (echoed < 6) onesock::run_once(std::chrono::seconds(10));
  const auto line = client.read_line();
  client.close();
  server.close();
  onesock::run();
  return line && line->raw() == "hello";
}

}  // namespace

int main() {
  return events_echo() && client_echoes() ? 0 : 1;
}
