// onesock: a user's file with habits: using-directives, types named as ours, all of the system.
// SPDX-License-Identifier: MIT
//
// SYSTEM_FIRST: the system's headers stand before ours too. WITH_NOMINMAX: the user sets NOMINMAX.

#include <string>

#ifdef _WIN32
#undef NOMINMAX  // MinGW's standard library sets it.
#ifdef WITH_NOMINMAX
#define NOMINMAX
#endif
#ifdef WIN32_LEAN_AND_MEAN
#define WITH_LEAN_AND_MEAN
#endif
#endif

// Not before the whole of <windows.h>: its own `byte` and std::byte would clash inside it.
#if !defined(_WIN32) || defined(WIN32_LEAN_AND_MEAN)
using namespace std;
#endif

struct Socket {};
class Server;
using Buffer = char;
enum Error { no_error };
namespace Loop {}
namespace detail {}
namespace os {}

#ifdef SYSTEM_FIRST
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#else
#include <sys/socket.h>
#include <netdb.h>
#endif
#endif

#include "onesock.hpp"

#ifdef _WIN32

#if defined(NOMINMAX) != defined(WITH_NOMINMAX)
#error "NOMINMAX is the user's to set"
#endif
#if defined(WIN32_LEAN_AND_MEAN) != defined(WITH_LEAN_AND_MEAN)
#error "WIN32_LEAN_AND_MEAN is the user's to set"
#endif

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#ifndef WIN32_LEAN_AND_MEAN
// What WIN32_LEAN_AND_MEAN would have hidden.
using Hidden = decltype(::timeBeginPeriod(1), ::ShellExecuteW(nullptr, L"", L"", L"", L"", 0));
#endif
using Shown = decltype(::GetMessage(nullptr, nullptr, 0, 0));

#else

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#endif

#include "onesock.hpp"

using namespace std;
using namespace onesock;

int main() {
  const ::Socket mine{};
  const onesock::Socket ours;
  sockaddr_in system{};
  Client client;
  static_cast<void>(mine);
  connect(0, reinterpret_cast<const sockaddr*>(&system), sizeof(system));
  connect(80, "localhost").on_error([](const onesock::Error&) { stop(); });
  set_timeout(chrono::seconds(1), [&] { client.close(); });
  return run() && is_ip(string("::1")) == 6 && ours.loop() == nullptr ? no_error : 1;
}
