// onesock: twins of Node's scripts about reading: pause, resume, text.
// SPDX-License-Identifier: MIT

#include "twins.hpp"

namespace twins {
namespace {

using onesock::Server;
using onesock::Socket;

/// pause() in the first `data`, resume() 150 ms later.
void pause_in_data(const Socket& s) {
  s.on_data([s, k = 0]() mutable {
    if (++k != 1) return;
    log("S.sock", "pause() in data");
    s.pause();
    later(150, [s] {
      log("S.sock", "resume() br=" + std::to_string(s.bytes_read()));
      s.resume();
      log("S.sock", "resume() returned");
    });
  });
}

void pause_resume(const Args& args) {
  const auto mode = mode_of(args, "pause");
  onesock::ServerOptions options;
  options.pause_on_connect = mode == "pauseOnConnect";
  const Server server(options);
  server.on_connection([server, mode](Socket s) {
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
    log("S.sock", "isPaused=" + yes_no(s.is_paused()));
    if (mode == "pause") {
      s.pause();
      log("S.sock", "pause() isPaused=" + yes_no(s.is_paused()));
    }
    if (mode == "pauseInData") {
      pause_in_data(s);
      return;
    }
    later(200, [s] {
      log("S.sock", "bytesRead while paused=" + std::to_string(s.bytes_read()));
      log("S.sock", "resume()");
      s.resume();
      log("S.sock", "resume() returned");
    });
  });
  listen(watch_server(server), [](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.on_connect([c] {
      c.write("one");
      later(50, [c] {
        c.write("two");
        later(50, [c] { c.end(); });
      });
    });
  });
}

/// Writes the parts 40 ms apart, then ends.
void write_parts(const Socket& c, const Args& parts, std::size_t index) {
  if (index == parts.size()) {
    c.end();
    return;
  }
  log("client", "write hex " + parts[index]);
  c.write(onesock::Buffer::from(parts[index], onesock::Encoding::hex));
  later(40, [c, parts, index] { write_parts(c, parts, index + 1); });
}

void encoding(const Args& args) {
  const auto encoding = onesock::parse_encoding(args.front());
  const Args parts(args.begin() + 1, args.end());
  const Server server;
  server.on_connection([server, encoding](Socket s) {
    s.set_encoding(*encoding);
    watch(s, "S.sock");
    s.on_close([server] { server.close(); });
  });
  listen(watch_server(server), [parts](int p) {
    const Socket c = watch(onesock::connect(p, "127.0.0.1"), "client");
    c.set_no_delay(true);
    c.on_connect([c, parts] { write_parts(c, parts, 0); });
  });
}

const Twin twin_12{"12-pause-resume", pause_resume};
const Twin twin_21{"21-encoding", encoding};

}  // namespace
}  // namespace twins
