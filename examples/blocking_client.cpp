// Shows the plain blocking style: connect, write, read until the end, with a deadline for each
// call. g++ -std=c++17 -I../single_include blocking_client.cpp -o blocking_client -pthread (MinGW:
// add -lws2_32)
//
// blocking_client [port] [host]: says HelloWorld!!!, prints what comes back, ends.

#include "onesock.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char* argv[]) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 6666;
  const std::string host = argc > 2 ? argv[2] : "127.0.0.1";

  onesock::Client client;
  client.set_timeout(std::chrono::seconds(5));
  if (!client.connect(port, host)) {
    std::cerr << client.error() << '\n';
    return 1;
  }
  std::cout << "connected to " << client.remote_address() << '\n';

  // end() says that this was all: the server's reads end, ours go on until its end.
  if (client.write("HelloWorld!!!") && client.end()) {
    while (const auto data = client.read()) std::cout << data->utf8();
    std::cout << '\n';
  }
  if (client.error()) {
    std::cerr << client.error() << '\n';
    return 1;
  }
}
