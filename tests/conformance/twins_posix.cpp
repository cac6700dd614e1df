// onesock: twins of Node's scripts that need more of the system than onesock gives: files of local
// sockets, descriptors that run out. POSIX only.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace twins {
namespace {

using onesock::Server;
using onesock::Socket;
namespace fs = std::filesystem;

const char* const socket_file = "./nb-test.sock";

onesock::ListenOptions listen_at_file() {
  onesock::ListenOptions options;
  options.path = socket_file;
  return options;
}

onesock::ConnectOptions connect_to_file() {
  onesock::ConnectOptions options;
  options.path = socket_file;
  return options;
}

Step connect_fails(const std::string& who) {
  return [who](std::function<void()> next) {
    watch(onesock::connect(connect_to_file()), who).on_close(next);
  };
}

/// A socket's file that nobody listens behind any more.
void leave_stale_file(const std::function<void()>& next) {
  const int file = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_file, sizeof address.sun_path - 1);
  ::bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(file, 1);
  ::close(file);
  next();
}

void listen_fails(std::function<void()> next) {
  const Server s;
  watch_server(s, "stale");
  s.on_error([s, next = std::move(next)] {
    next();
    s.remove_all_listeners();
  });
  s.listen(listen_at_file());
}

void write_plain_file(const std::function<void()>& next) {
  fs::remove(socket_file);
  std::ofstream(socket_file) << 'x';
  next();
}

std::string octal(fs::perms permissions) {
  const auto bits = static_cast<unsigned>(permissions & fs::perms::all);
  std::string text;
  for (const unsigned shift : {6u, 3u, 0u}) text += std::to_string(bits >> shift & 7u);
  return text;
}

void greet_over_file(const std::function<void()>&) {
  fs::remove(socket_file);
  const Server server;
  server.on_connection([server](Socket s) {
    watch(s, "S.sock");
    log("S.sock", "remoteAddress=" + text_or_undefined(s.remote_address()) + " remoteFamily=" +
                      text_or_undefined(std::string(family_name(s.remote_family()))) +
                      " address()=" + json(s.address(), "{}"));
    s.end("hi");
    s.on_close([server] {
      server.close(
          [] { log("server", "file exists after close=" + yes_no(fs::exists(socket_file))); });
    });
  });
  watch_server(server);
  server.listen(listen_at_file(), [server] {
    log("server", "address()=" + json(server.address(), "null") +
                      " mode=" + octal(fs::status(socket_file).permissions()));
    watch(onesock::connect(connect_to_file()), "client");
  });
}

void unix_socket(const Args&) {
  fs::remove(socket_file);
  in_turn({connect_fails("noent"), leave_stale_file, connect_fails("stale"), listen_fails,
           write_plain_file, connect_fails("notsock"), greet_over_file});
}

/// As `ulimit -n 64`, and as many /dev/null as fit.
class AllDescriptors {
 public:
  AllDescriptors() {
    for (;;) {
      const int file = ::open("/dev/null", O_RDONLY);
      if (file < 0) return;
      files_.push_back(file);
    }
  }
  ~AllDescriptors() {
    while (!files_.empty()) close_one();
  }
  AllDescriptors(const AllDescriptors&) = delete;
  AllDescriptors& operator=(const AllDescriptors&) = delete;

  bool empty() const { return files_.empty(); }
  void close_one() {
    ::close(files_.back());
    files_.pop_back();
  }

 private:
  std::vector<int> files_;
};

void connect_without_descriptors(const Server& server, int p, int left) {
  log("test", "--- use up descriptors, leave " + std::to_string(left));
  const auto fds = std::make_shared<AllDescriptors>();
  log("test", std::string(onesock::Error("open", {errno, std::generic_category()}).name()));
  for (int i = 0; i < left; i++) fds->close_one();
  const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
  c.on_close([=]() mutable {
    while (!fds->empty()) fds->close_one();
    const Socket c2 = watch(onesock::connect(p, "127.0.0.1"), "c2");
    c2.on_connect([server, c2] {
      c2.end();
      server.close();
    });
  });
}

void out_of_descriptors(const Args& args) {
  const int left = mode_of(args, "one") == "none" ? 0 : 1;
  const rlimit low{64, 64};
  ::setrlimit(RLIMIT_NOFILE, &low);
  const Server server([](Socket s) { watch(s, "S.sock"); });
  listen(watch_server(server), [server, left](int p) {
    const Socket warm = onesock::connect(p, "127.0.0.1");
    warm.resume();
    warm.on_connect([warm] { warm.end(); });
    warm.on_close([=] { connect_without_descriptors(server, p, left); });
  });
}

const Twin twin_26{"26-unix", unix_socket};
const Twin twin_38{"38-emfile", out_of_descriptors};

}  // namespace
}  // namespace twins
