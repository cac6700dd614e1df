// onesock example: the lesson's server, line by line: it prints what clients send, and answers.
// c++ -std=c++17 -pthread -I single_include examples/tcpserver.cpp -o tcpserver
// SPDX-License-Identifier: MIT
//
// The flags are the lines that the lesson has as comments: --end is client.end() after the answer,
// --once is server.close() after the first client, --unref is server.unref().

#include "onesock.hpp"

#include <iostream>
#include <string>

struct Arguments {
  int port = 6666;
  onesock::Encoding encoding = onesock::Encoding::utf8;
  bool end = false;
  bool once = false;
  bool unref = false;
};

// "80x" and "65536" are told, not cut.
static bool parse_port(const std::string& text, int& port) {
  const auto address = onesock::Address::parse("127.0.0.1:" + text);
  if (address) port = address->port;
  return address.has_value();
}

static bool parse_encoding(const std::string& text, onesock::Encoding& encoding) {
  const auto parsed = onesock::parse_encoding(text);
  if (parsed) encoding = *parsed;
  return parsed.has_value();
}

// Returns what is wrong, or nothing.
static std::string parse(int argc, char** argv, Arguments& arguments) {
  int position = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "--end") {
      arguments.end = true;
    } else if (text == "--once") {
      arguments.once = true;
    } else if (text == "--unref") {
      arguments.unref = true;
    } else if (++position == 1) {
      if (!parse_port(text, arguments.port)) return "bad port " + text;
    } else if (position == 2 && text.rfind("--", 0) != 0) {
      if (!parse_encoding(text, arguments.encoding)) return "bad encoding " + text;
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
    std::cerr << "tcpserver: " << fault
              << "\nusage: tcpserver [port] [utf8|hex|raw] [--end] [--once] [--unref]\n";
    return 2;
  }

  bool failed = false;
  onesock::Server server([&](onesock::Socket& client) {
    std::cout << "client coming " << client.remote_address() << ':' << client.remote_port()
              << std::endl;
    client.set_encoding(arguments.encoding);
    client.on_close([] { std::cout << "client closed" << std::endl; });
    client.on_data([&](onesock::BufferView data) {
      std::cout << data << std::endl;
      client.write("goodbye!!!");
      if (arguments.end) client.end();
    });
    client.on_error(
        [](const onesock::Error& error) { std::cout << "client error " << error << std::endl; });
    if (arguments.once) server.close();
  });
  server.on_connection([] { std::cout << "connection" << std::endl; });
  server.on_listening([&] { std::cout << "listening " << server.address() << std::endl; });
  server.on_error([&](const onesock::Error& error) {
    std::cout << "listen error " << error << std::endl;
    failed = true;
  });
  server.on_close([] { std::cout << "closed" << std::endl; });

  server.listen({arguments.port, "127.0.0.1"});
  if (arguments.unref) server.unref();
  onesock::run();
  return failed ? 1 : 0;
}
