// onesock: words that <windows.h>, Qt, X11 and GNU mode have as macros are all macros here.
// SPDX-License-Identifier: MIT
//
// What is not ours must survive, so the standard and the system headers come first.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#ifndef ONESOCK_SPLIT
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <process.h>
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>
#endif
#endif

#undef ERROR
#undef DELETE
#undef IN
#undef OUT
#undef near
#undef far
#undef small
#undef interface
#undef emit
#undef slots
#undef signals
#undef foreach
#undef forever
#undef Bool
#undef None
#undef Status
#undef Success
#undef True
#undef False
#undef min
#undef max
#undef unix
#undef linux
#undef major
#undef minor
#undef s_addr
#undef check
#define ERROR 0 hostile
#define DELETE 0 hostile
#define IN 0 hostile
#define OUT 0 hostile
#define near 0 hostile
#define far 0 hostile
#define small 0 hostile
#define interface 0 hostile
#define emit 0 hostile
#define slots 0 hostile
#define signals 0 hostile
#define foreach 0 hostile
#define forever 0 hostile
#define Bool 0 hostile
#define None 0 hostile
#define Status 0 hostile
#define Success 0 hostile
#define True 0 hostile
#define False 0 hostile
#define min(a, b) 0 hostile
#define max(a, b) 0 hostile
#define unix 0 hostile
#define linux 0 hostile
#define major 0 hostile
#define minor 0 hostile
#define s_addr 0 hostile
#define check(a) 0 hostile

#include "onesock.hpp"

int main() {
  return onesock::is_ip("::1") == 6 ? 0 : 1;
}
