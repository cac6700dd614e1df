// onesock: the bodies of twins.hpp, and main(): runs the twin of one script of Node's.
// SPDX-License-Identifier: MIT
//
// conformance_twins RUN [ARGUMENT...]; exit code 77: this build has no twin of it.

#include "twins.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

namespace twins {

namespace {

using onesock::Address;
using onesock::BufferView;
using onesock::Error;
using onesock::Server;
using onesock::Socket;

struct State {
  std::map<std::string, void (*)(const Args&)> twins;
  std::map<std::string, std::string> ports;
  int lines = 0;
  std::function<void(const std::string&)> on_uncaught;
  std::function<void()> on_exit;
};

State& state() {
  static State instance;
  return instance;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The known ports by their names.
std::string sanitize(const std::string& text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == i) {
      clean += text[i++];
      continue;
    }
    const auto number = text.substr(i, end - i);
    const auto found = state().ports.find(number);
    clean += found == state().ports.end() ? number : found->second;
    i = end;
  }
  return clean;
}

std::string port_text(int number) {
  return number == 0 ? "undefined" : std::to_string(number);
}

/// What a `data` carries, as lib.js's fd().
std::string fd(BufferView data) {
  const auto size = std::to_string(data.size());
  if (data.encoding() != onesock::Encoding::raw) {
    return data.size() > 40 ? "string(len=" + size + ")" : "string " + json(data.raw());
  }
  if (data.size() > 24) return "Buffer(len=" + size + ")";
  return "Buffer " + json(data.to_string(onesock::Encoding::latin1));
}

std::string family_number(onesock::Family family) {
  if (family == onesock::Family::ipv4) return "4";
  return family == onesock::Family::ipv6 ? "6" : "undefined";
}

std::string attempt_text(const Address& address) {
  return json(address.host) + ", " + port_text(address.port) + ", " + family_number(address.family);
}

/// As lib.js: the names of our own errors stand alone, the system's have their operation.
bool is_of_system(const Error& error) {
  return !error.operation().empty() && error.name().substr(0, 4) != "ERR_";
}

std::string end_json(const Address& address, const std::string& end) {
  return "\"" + end + "Address\":" + json(address.host) + ",\"" + end +
         "Port\":" + (end == "remote" ? "<C2>" : std::to_string(address.port)) + ",\"" + end +
         "Family\":" + json(onesock::family_name(address.family));
}

/// Runs the loop until it is done, past the exceptions that the script listens for.
void run_to_the_end() {
  for (;;) {
    try {
      onesock::run();
      return;
    } catch (const std::exception& exception) {
      if (!state().on_uncaught) throw;
      state().on_uncaught(exception.what());
    }
  }
}

}  // namespace

Twin::Twin(const char* script, void (*run)(const Args&)) {
  state().twins.emplace(script, run);
}

std::string mode_of(const Args& args, const char* otherwise) {
  return args.empty() ? otherwise : args.front();
}

void log(std::string_view who, std::string what) {
  std::string actor(who);
  actor.resize((std::max)(actor.size(), std::size_t(7)), ' ');
  std::printf("%2d %s %s\n", ++state().lines, actor.c_str(), sanitize(what).c_str());
}

int port(int number, const std::string& name) {
  state().ports[std::to_string(number)] = name;
  return number;
}

std::string fe(const Error& error) {
  if (!error) return "null";
  std::string text = "Error{";
  if (is_of_system(error)) {
    text += "code=" + std::string(error.name()) + " syscall=" + std::string(error.operation());
    const auto& address = error.address();
    // A name that does not resolve is Node's `hostname`, which lib.js leaves out.
    const bool is_name = error.operation() == "getaddrinfo";
    if (!address.host.empty() && !is_name) text += " address=" + address.host;
    if (address.port != 0) text += " port=" + std::to_string(address.port);
  } else if (error.name() != "ECANCELED") {
    text += "code=" + std::string(error.name());
  }
  return text + " msg=" + json(error.message()) + "}";
}

std::string code(const Error& error) {
  return error ? std::string(error.name()) : "null";
}

std::string st(const Socket& socket) {
  return "readyState=" + std::string(socket.ready_state()) +
         " connecting=" + yes_no(socket.connecting()) + " pending=" + yes_no(socket.pending()) +
         " destroyed=" + yes_no(socket.destroyed()) +
         " wLen=" + std::to_string(socket.write_queue_size());
}

std::string json(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string json(const Address& address, const char* when_empty) {
  if (address.empty()) return when_empty;
  if (address.family == onesock::Family::local) return json(address.host);
  return "{\"address\":" + json(address.host) +
         ",\"family\":" + json(onesock::family_name(address.family)) +
         ",\"port\":" + std::to_string(address.port) + "}";
}

std::string text_or_undefined(const std::string& text) {
  return text.empty() ? "undefined" : text;
}

std::string yes_no(bool value) {
  return value ? "true" : "false";
}

const Socket& watch(const Socket& socket, const std::string& who, Unwatched unwatched) {
  if (!unwatched.lookup) {
    socket.on_lookup([who](const Error& error, const Address& address, std::string_view host) {
      log(who, "lookup(" + (error ? fe(error) : "null, " + json(address.host)) + ", " +
                   family_number(address.family) + ", " + json(host) + ")");
    });
  }
  socket.on_connection_attempt([who](const Address& address) {
    log(who, "connectionAttempt(" + attempt_text(address) + ")");
  });
  socket.on_connection_attempt_failed([who](const Address& address, const Error& error) {
    log(who, "connectionAttemptFailed(" + attempt_text(address) + ", " + fe(error) + ")");
  });
  socket.on_connection_attempt_timeout([who](const Address& address) {
    log(who, "connectionAttemptTimeout(" + attempt_text(address) + ")");
  });
  socket.on_connect([who] { log(who, "connect()"); });
  socket.on_ready([who] { log(who, "ready()"); });
  socket.on_end([who] { log(who, "end()"); });
  socket.on_finish([who] { log(who, "finish()"); });
  socket.on_drain([who] { log(who, "drain()"); });
  socket.on_timeout([who] { log(who, "timeout()"); });
  socket.on_close([who](bool had_error) { log(who, "close(" + yes_no(had_error) + ")"); });
  if (!unwatched.error) {
    socket.on_error([who](const Error& error) { log(who, "error(" + fe(error) + ")"); });
  }
  if (!unwatched.data) {
    socket.on_data([who](BufferView data) { log(who, "data(" + fd(data) + ")"); });
  }
  return socket;
}

const Server& watch_server(const Server& server, const std::string& who) {
  server.on_listening([who] { log(who, "listening()"); });
  server.on_connection([who] { log(who, "connection"); });
  server.on_close([who] { log(who, "close()"); });
  server.on_error([who](const Error& error) { log(who, "error(" + fe(error) + ")"); });
  server.on_drop([who](const onesock::DropInfo& info) {
    log(who,
        "drop({" + end_json(info.local, "local") + "," + end_json(info.remote, "remote") + "})");
  });
  return server;
}

void listen(const Server& server, std::function<void(int)> then, const std::string& host) {
  server.listen(0, host, [server, then = std::move(then)] { then(port(server.address().port)); });
}

onesock::Timer later(int milliseconds, onesock::Task task) {
  return onesock::set_timeout(std::chrono::milliseconds(milliseconds), std::move(task));
}

std::string zeros(std::size_t count) {
  return std::string(count, '\0');
}

void in_turn(std::vector<Step> steps) {
  if (steps.empty()) return;
  const auto first = std::move(steps.front());
  steps.erase(steps.begin());
  first([steps = std::move(steps)] { in_turn(steps); });
}

void on_uncaught(std::function<void(const std::string& message)> listener) {
  state().on_uncaught = std::move(listener);
}

void on_exit(std::function<void()> listener) {
  state().on_exit = std::move(listener);
}

}  // namespace twins

int main(int argc, char** argv) {
  using namespace twins;
  const Args arguments(argv + 1, argv + argc);
  const auto found = arguments.empty() ? state().twins.end() : state().twins.find(arguments[0]);
  if (found == state().twins.end()) {
    std::cerr << "usage: conformance_twins RUN [ARGUMENT...]\n";
    return 77;
  }
  later(8000, [] {
    log("process", "WATCHDOG 8s");
    std::exit(99);
  }).unref();
  found->second(Args(arguments.begin() + 1, arguments.end()));
  run_to_the_end();
  log("process", "exit code=0");
  if (state().on_exit) state().on_exit();
}
