// Shows the blocking listener: an Acceptor hands out one Client after another.
// g++ -std=c++17 -I../single_include blocking_server.cpp -o blocking_server -pthread
// (MinGW: add -lws2_32)
//
// blocking_server [port] [clients]: serves that many clients (1), one at a time, and ends.

#include "onesock.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>

// Answers what comes until the client ends.
static void serve(onesock::Client& client) {
  std::cout << "client coming " << client.remote_address() << '\n';
  client.set_timeout(std::chrono::seconds(5));
  while (const auto data = client.read()) {
    std::cout << data->utf8() << '\n';
    if (!client.write("goodbye!!!")) break;
  }
  if (client.error()) std::cout << "client error " << client.error() << '\n';
  std::cout << "client closed" << std::endl;
}

int main(int argc, char* argv[]) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 6666;
  const int clients = argc > 2 ? std::atoi(argv[2]) : 1;

  onesock::Acceptor acceptor;
  if (!acceptor.listen(port, "127.0.0.1")) {
    std::cerr << acceptor.error() << '\n';
    return 1;
  }
  std::cout << "listening " << acceptor.address() << std::endl;

  for (int served = 0; served < clients; ++served) {
    auto client = acceptor.accept();
    if (!client) {
      std::cerr << acceptor.error() << '\n';
      return 1;
    }
    serve(*client);  // It closes when it goes.
  }
}
