// onesock: one end of a stream with half-close, as stream_peer.js is in Node; stream_test.py pairs
// them. SPDX-License-Identifier: MIT
//
//   stream_peer server           sends one client's bytes back, and behind its end their checksum
//   stream_peer client PORT SEED sends 1 MiB in random pieces, ends, and reads what comes back

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "onesock.hpp"

// FNV-1a, and how many bytes.
struct Checksum {
  std::uint32_t hash = 2166136261u;
  std::uint64_t bytes = 0;

  void add(onesock::BufferView data) {
    for (const auto octet : data) hash = (hash ^ octet) * 16777619u;
    bytes += data.size();
  }
  std::string text() const {
    return std::to_string(bytes) + " bytes, FNV-1a " + onesock::Buffer().write_u32_be(hash).hex();
  }
};

class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed) {}
  std::uint32_t next() {  // xorshift32
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }

 private:
  std::uint32_t state_;
};

static void print(const std::string& line) {
  std::cout << line << std::endl;
}

static void print_close(bool had_error) {
  print(had_error ? "closed after an error" : "closed");
}

static void print_error(const onesock::Error& error) {
  print("error " + error.message());
}

static void serve() {
  Checksum received;
  onesock::ServerOptions options;
  options.allow_half_open = true;
  onesock::Server server(options);
  server.on_connection([&](onesock::Socket& client) {
    server.close();
    client.on_data([&](onesock::BufferView data) {
      received.add(data);
      if (!client.write(data)) client.pause();
    });
    client.on_drain([&client] { client.resume(); });
    client.on_end([&] {
      print("received " + received.text());
      // Some turns later: by then it takes half-close to answer.
      onesock::set_timeout(std::chrono::milliseconds(10),
                           [&received, client] { client.end(received.text()); });
    });
    client.on_error(print_error).on_close(print_close);
  });
  server.listen(0, "127.0.0.1", [&] { print("listening " + server.address().to_string()); });
  onesock::run();
}

class Sender {
 public:
  Sender(const onesock::Socket& socket, std::uint32_t seed) : socket_(socket), random_(seed) {}

  void go_on() {
    while (left_ > 0) {
      if (!socket_.write(next_piece())) return;
    }
    if (has_ended_) return;
    has_ended_ = true;
    socket_.end();
    print("sent " + sent_.text());
  }

 private:
  onesock::Buffer next_piece() {
    const std::size_t size = (std::min<std::size_t>)(left_, 1 + random_.next() % 65536);
    left_ -= size;
    auto piece = onesock::Buffer::alloc(size);
    for (auto& octet : piece) octet = static_cast<std::uint8_t>(random_.next() >> 24);
    sent_.add(piece);
    return piece;
  }

  onesock::Socket socket_;
  Random random_;
  Checksum sent_;
  std::size_t left_ = 1024 * 1024;
  bool has_ended_ = false;
};

static void send_to(int port, std::uint32_t seed) {
  onesock::Socket socket;
  Sender sender(socket, seed);
  Checksum received;
  std::string trailer;
  socket.on_connect([&] { sender.go_on(); }).on_drain([&] { sender.go_on(); });
  socket.on_data([&](onesock::BufferView data) {
    const std::uint64_t missing = 1024 * 1024 - received.bytes;
    received.add(data.slice(0, missing));
    trailer += data.slice(missing).raw();
  });
  socket.on_end([&] {
    print("received " + received.text());
    print("the server received " + trailer);
  });
  socket.on_error(print_error).on_close(print_close);
  onesock::ConnectOptions options;
  options.port = port;
  options.host = "127.0.0.1";
  socket.connect(options);
  onesock::run();
}

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "server" && argc == 2) {
    serve();
  } else if (role == "client" && argc == 4) {
    send_to(std::atoi(argv[2]), static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)));
  } else {
    std::cerr << "usage: stream_peer server | client PORT SEED\n";
    return 2;
  }
}
