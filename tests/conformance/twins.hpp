// onesock: what the twins of Node's scripts share: the C++ side of the scripts' lib.js.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "onesock.hpp"

namespace twins {

using Args = std::vector<std::string>;

/// A script's twin, by the script's name. Define one of these beside each twin and main() finds it.
struct Twin {
  Twin(const char* script, void (*run)(const Args&));
};

/// The first argument, or what the script takes when there is none.
std::string mode_of(const Args& args, const char* otherwise);

/// One numbered line: ` 1 client  connect()`. A number that port() knows is told by its name.
void log(std::string_view who, std::string what);
/// From now on log() writes `name` for this port. Returns the port.
int port(int number, const std::string& name = "<PORT>");

/// Values, as lib.js and JSON.stringify write them. What is empty is `undefined` or `null`.
std::string fe(const onesock::Error& error);
std::string code(const onesock::Error& error);
std::string st(const onesock::Socket& socket);
std::string json(std::string_view text);
std::string json(const onesock::Address& address, const char* when_empty);
std::string text_or_undefined(const std::string& text);
std::string yes_no(bool value);

/// Which events watch() leaves to the script.
struct Unwatched {
  bool data = false;
  bool error = false;
  bool lookup = false;
};
/// Logs the events of a socket or a server with all that their handlers are given.
const onesock::Socket& watch(const onesock::Socket& socket, const std::string& who,
                             Unwatched unwatched = {});
const onesock::Server& watch_server(const onesock::Server& server,
                                    const std::string& who = "server");

/// Listens on a port of the system's choice, makes it <PORT>, and calls `then` with it.
void listen(const onesock::Server& server, std::function<void(int)> then,
            const std::string& host = "127.0.0.1");
onesock::Timer later(int milliseconds, onesock::Task task);
std::string zeros(std::size_t count);

/// Steps one after another: each calls its argument when the next may begin.
using Step = std::function<void(std::function<void()> next)>;
void in_turn(std::vector<Step> steps);

/// As process.on('uncaughtException') and process.on('exit').
void on_uncaught(std::function<void(const std::string& message)> listener);
void on_exit(std::function<void()> listener);

}  // namespace twins
