// onesock example: a chat room: what one client says, all others hear.
// c++ -std=c++17 -pthread -I single_include examples/chat_server.cpp -o chat_server
// SPDX-License-Identifier: MIT
//
// The room keeps copies of the clients' handles: `[client]` or a container, never `[&client]`,
// where a handle is used outside its own client's handlers.

#include "onesock.hpp"

#include <iostream>
#include <set>
#include <string>

class Room {
 public:
  void enter(const onesock::Socket& client);

 private:
  void leave(const onesock::Socket& client);
  void tell_others(const onesock::Socket& speaker, onesock::BufferView text);

  std::set<onesock::Socket> clients_;
};

static std::string name_of(const onesock::Socket& client) {
  return client.remote_address() + ':' + std::to_string(client.remote_port());
}

void Room::enter(const onesock::Socket& client) {
  clients_.insert(client);
  client.set_max_queued_bytes(1024 * 1024);  // Who does not read is dropped, not remembered.
  onesock::on_line(client, [this, &client](onesock::BufferView line) {
    tell_others(client, name_of(client) + ": " + std::string(line) + '\n');
  });
  client.on_close([this, &client] { leave(client); });
  tell_others(client, name_of(client) + " is here\n");
}

void Room::leave(const onesock::Socket& client) {
  clients_.erase(client);
  tell_others(client, name_of(client) + " has left\n");
}

// A write that fails tells it on a later turn: nobody leaves the room while this walks through it.
void Room::tell_others(const onesock::Socket& speaker, onesock::BufferView text) {
  std::cout << text.raw() << std::flush;
  for (const auto& client : clients_) {
    if (client != speaker) client.write(text);
  }
}

int main(int argc, char** argv) {
  const auto where =
      onesock::Address::parse(std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "7777"));
  if (argc > 2 || !where) {
    std::cerr << "usage: chat_server [port]\n";
    return 2;
  }
  Room room;
  onesock::Server server([&](onesock::Socket& client) { room.enter(client); });
  bool failed = false;
  server.on_error([&](const onesock::Error& error) {
    std::cerr << error << '\n';
    failed = true;
  });
  server.listen(where->port, where->host,
                [&] { std::cout << "listening " << server.address() << std::endl; });
  onesock::run();
  return failed ? 1 : 0;
}
