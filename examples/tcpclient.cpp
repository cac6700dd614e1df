// onesock example: the lesson's client, line by line: it says hello and prints the answer.
// c++ -std=c++17 -pthread -I single_include examples/tcpclient.cpp -o tcpclient
// SPDX-License-Identifier: MIT
//
// It ends after the answer; with --keep it stays until the server ends, as the lesson's does.

#include "onesock.hpp"

#include <iostream>
#include <string>

struct Arguments {
  int port = 6666;
  std::string host = "127.0.0.1";
  bool keep = false;
};

// Returns what is wrong, or nothing.
static std::string parse(int argc, char** argv, Arguments& arguments) {
  int position = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "--keep") {
      arguments.keep = true;
    } else if (++position == 1) {
      const auto address = onesock::Address::parse("127.0.0.1:" + text);
      if (!address) return "bad port " + text;
      arguments.port = address->port;
    } else if (position == 2 && text.rfind("--", 0) != 0) {
      arguments.host = text;
    } else {
      return "bad argument " + text;
    }
  }
  return "";
}

int main(int argc, char** argv) {
  Arguments arguments;
  const std::string fault = parse(argc, argv, arguments);
  if (!fault.empty()) {
    std::cerr << "tcpclient: " << fault << "\nusage: tcpclient [port] [host] [--keep]\n";
    return 2;
  }

  bool failed = false;
  const auto sock = onesock::connect(arguments.port, arguments.host, [](onesock::Socket&) {
    std::cout << "connected to server!" << std::endl;
  });
  sock.on_connect([](onesock::Socket& self) {
    std::cout << "connect success" << std::endl;
    self.write("HelloWorld!!!", onesock::Encoding::utf8);
  });
  sock.on_error([&](const onesock::Error& error) {
    std::cout << "error " << error << std::endl;
    failed = true;
  });
  sock.on_close([] { std::cout << "closed" << std::endl; });
  sock.on_end([] { std::cout << "end event" << std::endl; });
  sock.on_data([&](onesock::BufferView data) {
    std::cout << "data coming " << data << ' ' << data.utf8() << std::endl;
    if (!arguments.keep) sock.end();
  });
  onesock::run();
  return failed ? 1 : 0;
}
