// onesock: a process that holds 15,000 other descriptors serves and connects; POSIX only.
// SPDX-License-Identifier: MIT
//
// Built with -O2 -D_FORTIFY_SOURCE=2, which ends the program at the first FD_SET past the end of a
// plain fd_set. Prints the new descriptors; exits 1 unless each is above 1,023 and the talk went
// well.

#include "onesock.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Many systems start a process with a limit of 1,024. How many it may have now, at most `wanted`.
rlim_t allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min(limit.rlim_cur, wanted) : 0;
}

bool all_high = true;

void report(const char* who, std::uintptr_t descriptor) {
  std::cout << who << " has descriptor " << descriptor << '\n';
  all_high = all_high && descriptor > 1023;
}

std::string talk_by_events() {
  std::string answer;
  onesock::Server server([](onesock::Socket& client) {
    report("accepted socket", client.native_handle());
    client.on_data([&client](onesock::BufferView data) { client.end(data); });
  });
  server.listen({0, "127.0.0.1"});
  report("server", server.native_handle());
  const auto socket = onesock::connect({server.address().port, "127.0.0.1"});
  socket.on_connect([](onesock::Socket& connected) {
    report("connected socket", connected.native_handle());
    connected.write("events ");
  });
  socket.on_data([&answer](onesock::BufferView data) { answer += data.utf8(); });
  socket.on_close([server] { server.close(); });
  onesock::run();
  return answer;
}

std::string talk_by_blocking() {
  onesock::Acceptor acceptor;
  acceptor.set_timeout(std::chrono::seconds(10));
  if (!acceptor.listen(0, "127.0.0.1")) return acceptor.error().message();
  report("acceptor", acceptor.native_handle());
  std::thread peer([&acceptor] {
    auto client = acceptor.accept();
    if (client) client->write("blocking\n");
  });
  onesock::Client client;
  client.set_timeout(std::chrono::seconds(10));
  std::string answer = "nothing";
  if (client.connect(acceptor.address().port, "127.0.0.1")) {
    report("client", client.native_handle());
    if (const auto line = client.read_line()) answer = line->utf8();
  }
  peer.join();
  return answer;
}

}  // namespace

int main() {
  constexpr rlim_t wanted = 15000;
  constexpr rlim_t spare = 100;
  const auto allowed = allow_descriptors(wanted + spare);
  if (allowed < 1024 + spare) {
    std::cout << "skipped: this process may not have so many descriptors\n";
    return 77;
  }
  const auto held = allowed - spare;
  std::cout << "holds " << held << " descriptors"
            << (held < wanted ? ": no more are allowed\n" : "\n");
  std::vector<File> files;
  for (rlim_t count = 0; count < held; ++count) {
    files.emplace_back(std::fopen("/dev/null", "r"), &std::fclose);
    if (!files.back()) return 1;
  }
  auto answer = talk_by_events();
  answer += talk_by_blocking();
  std::cout << "said: " << answer << '\n';
  return all_high && answer == "events blocking" ? 0 : 1;
}
