// onesock: preloaded into a program, makes calls of the system fail as the variable FAULT says;
// Linux. SPDX-License-Identifier: MIT
//
//   FAULT="call:what:when[,call:what:when...]"
//   call  socket bind listen accept connect recv send select getsockopt setsockopt getsockname
//         shutdown close fcntl pipe getaddrinfo pthread_create; socket6 is socket() for IPv6. recv,
//         send, close and fcntl are those of sockets only.
//   what  an error's name; SHORT (recv, send: one byte only), EOF (recv: 0 bytes), NONE and ALL
//         (select: nothing is ready, and all that is asked); for getaddrinfo a number. As it is on
//         a real system: close() closes all the same, after connect's EINTR the connect goes on,
//         and with shutdown's ENOTCONN the peer has its FIN.
//   when  N (the Nth call), N+ (from the Nth on), N+K (the Nth and every Kth after it)
//
// At exit it prints on stderr how often it struck: "faults: N".

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

struct addrinfo;

namespace {

struct Name {
  const char* text;
  int number;
};
constexpr int short_count = INT_MIN, end_of_file = INT_MIN + 1, none = INT_MIN + 2,
              all = INT_MIN + 3;
constexpr Name names[] = {
    {"SHORT", short_count},
    {"EOF", end_of_file},
    {"NONE", none},
    {"ALL", all},
    {"EACCES", EACCES},
    {"EADDRINUSE", EADDRINUSE},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL},
    {"EAFNOSUPPORT", EAFNOSUPPORT},
    {"EAGAIN", EAGAIN},
    {"EBADF", EBADF},
    {"ECONNABORTED", ECONNABORTED},
    {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"EINTR", EINTR},
    {"EINVAL", EINVAL},
    {"EIO", EIO},
    {"EMFILE", EMFILE},
    {"EMSGSIZE", EMSGSIZE},
    {"ENETDOWN", ENETDOWN},
    {"ENETUNREACH", ENETUNREACH},
    {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS},
    {"ENOMEM", ENOMEM},
    {"ENOSPC", ENOSPC},
    {"ENOSYS", ENOSYS},
    {"ENOTCONN", ENOTCONN},
    {"ENOTSOCK", ENOTSOCK},
    {"EPERM", EPERM},
    {"EPIPE", EPIPE},
    {"EPROTO", EPROTO},
    {"ETIMEDOUT", ETIMEDOUT},
};

struct Rule {
  std::string call;
  int what = 0;
  long first = 0;
  long every = 0;  // 0: once
  std::atomic<long> calls{0};
};

int number_of(const std::string& what) {
  for (const auto& name : names) {
    if (what == name.text) return name.number;
  }
  return std::atoi(what.c_str());
}

/// Not destroyed: the program may call until its very end.
struct Rules {
  std::vector<Rule*> list;
  std::atomic<long> struck{0};

  Rules() {
    const char* const text = std::getenv("FAULT");
    std::istringstream rules(text == nullptr ? "" : text);
    for (std::string word; std::getline(rules, word, ',');) add(word);
    std::atexit([] { std::fprintf(stderr, "faults: %ld\n", of_process().struck.load()); });
  }
  void add(const std::string& word) {
    const auto first = word.find(':');
    const auto second = word.find(':', first + 1);
    if (second == std::string::npos) return;
    auto* const rule = new Rule;
    rule->call = word.substr(0, first);
    rule->what = number_of(word.substr(first + 1, second - first - 1));
    char* end = nullptr;
    rule->first = std::strtol(word.c_str() + second + 1, &end, 10);
    if (*end == '+') rule->every = end[1] == '\0' ? 1 : std::atol(end + 1);
    list.push_back(rule);
  }
  static Rules& of_process() {
    static auto* const rules = new Rules;
    return *rules;
  }
};

/// What this call is to meet; 0: nothing.
int fault_of(const char* call) {
  int what = 0;
  for (auto* rule : Rules::of_process().list) {
    if (rule->call != call) continue;
    const auto past = ++rule->calls - rule->first;
    const bool strikes = past == 0 || (rule->every != 0 && past > 0 && past % rule->every == 0);
    if (strikes) what = rule->what;
  }
  if (what != 0) ++Rules::of_process().struck;
  return what;
}

template <typename Result, typename... Arguments>
Result call_real(const char* name, Arguments... arguments) {
  return reinterpret_cast<Result (*)(Arguments...)>(::dlsym(RTLD_NEXT, name))(arguments...);
}

/// As the system's call `name`, or -1 and errno.
template <typename... Arguments>
int pass(const char* call, const char* name, Arguments... arguments) {
  if (const int what = fault_of(call)) {
    errno = what;
    return -1;
  }
  return call_real<int>(name, arguments...);
}

/// As pass(), but the call is made all the same if it is to meet `done`.
template <typename... Arguments>
int pass_done(const char* name, int done, Arguments... arguments) {
  const int what = fault_of(name);
  const int result = what == 0 || what == done ? call_real<int>(name, arguments...) : -1;
  if (what == 0) return result;
  errno = what;
  return -1;
}

bool is_socket(int descriptor) {
  const int before = errno;
  struct stat status {};
  const bool is = ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
  errno = before;
  return is;
}

template <typename Bytes, typename... Rest>
ssize_t transfer(const char* call, const char* name, int socket, Bytes* bytes, std::size_t size,
                 Rest... rest) {
  const int what = fault_of(call);
  if (what == end_of_file) return 0;
  if (what > 0) {
    errno = what;
    return -1;
  }
  return call_real<ssize_t>(name, socket, bytes, what == short_count ? 1 : size, rest...);
}

}  // namespace

// The system's names are given as labels: its headers declare them in ways that differ.
#define ONESOCK_INSTEAD_OF(name) __asm__(#name) __attribute__((visibility("default")))
extern "C" {
int fault_socket(int, int, int) ONESOCK_INSTEAD_OF(socket);
int fault_bind(int, const sockaddr*, socklen_t) ONESOCK_INSTEAD_OF(bind);
int fault_listen(int, int) ONESOCK_INSTEAD_OF(listen);
int fault_accept(int, sockaddr*, socklen_t*) ONESOCK_INSTEAD_OF(accept);
int fault_accept4(int, sockaddr*, socklen_t*, int) ONESOCK_INSTEAD_OF(accept4);
int fault_connect(int, const sockaddr*, socklen_t) ONESOCK_INSTEAD_OF(connect);
int fault_getsockopt(int, int, int, void*, socklen_t*) ONESOCK_INSTEAD_OF(getsockopt);
int fault_setsockopt(int, int, int, const void*, socklen_t) ONESOCK_INSTEAD_OF(setsockopt);
int fault_getsockname(int, sockaddr*, socklen_t*) ONESOCK_INSTEAD_OF(getsockname);
int fault_shutdown(int, int) ONESOCK_INSTEAD_OF(shutdown);
int fault_pipe(int*) ONESOCK_INSTEAD_OF(pipe);
int fault_pipe2(int*, int) ONESOCK_INSTEAD_OF(pipe2);
int fault_close(int) ONESOCK_INSTEAD_OF(close);
int fault_fcntl(int, int, long) ONESOCK_INSTEAD_OF(fcntl);
// glibc's name of it where -D_FILE_OFFSET_BITS=64 is given, as by Meson.
int fault_fcntl64(int, int, long) ONESOCK_INSTEAD_OF(fcntl64);
ssize_t fault_recv(int, void*, std::size_t, int) ONESOCK_INSTEAD_OF(recv);
ssize_t fault_send(int, const void*, std::size_t, int) ONESOCK_INSTEAD_OF(send);
int fault_select(int, fd_set*, fd_set*, fd_set*, timeval*) ONESOCK_INSTEAD_OF(select);
int fault_getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**)
    ONESOCK_INSTEAD_OF(getaddrinfo);
int fault_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)
    ONESOCK_INSTEAD_OF(pthread_create);
}
#undef ONESOCK_INSTEAD_OF

int fault_socket(int domain, int type, int protocol) {
  if (domain == AF_INET6) {
    if (const int what = fault_of("socket6")) {
      errno = what;
      return -1;
    }
  }
  return pass("socket", "socket", domain, type, protocol);
}

int fault_bind(int socket, const sockaddr* address, socklen_t size) {
  return pass("bind", "bind", socket, address, size);
}

int fault_listen(int socket, int backlog) {
  return pass("listen", "listen", socket, backlog);
}

int fault_accept(int socket, sockaddr* peer, socklen_t* size) {
  return pass("accept", "accept", socket, peer, size);
}

int fault_accept4(int socket, sockaddr* peer, socklen_t* size, int flags) {
  return pass("accept", "accept4", socket, peer, size, flags);
}

int fault_connect(int socket, const sockaddr* address, socklen_t size) {
  return pass_done("connect", EINTR, socket, address, size);
}

int fault_getsockopt(int socket, int level, int name, void* value, socklen_t* size) {
  return pass("getsockopt", "getsockopt", socket, level, name, value, size);
}

int fault_setsockopt(int socket, int level, int name, const void* value, socklen_t size) {
  return pass("setsockopt", "setsockopt", socket, level, name, value, size);
}

int fault_getsockname(int socket, sockaddr* address, socklen_t* size) {
  return pass("getsockname", "getsockname", socket, address, size);
}

int fault_shutdown(int socket, int how) {
  return pass_done("shutdown", ENOTCONN, socket, how);
}

int fault_pipe(int* ends) {
  return pass("pipe", "pipe", ends);
}

int fault_pipe2(int* ends, int flags) {
  return pass("pipe", "pipe2", ends, flags);
}

int fault_close(int descriptor) {
  const int what = is_socket(descriptor) ? fault_of("close") : 0;
  const int result = call_real<int>("close", descriptor);
  if (what == 0) return result;
  errno = what;
  return -1;
}

int fault_fcntl(int descriptor, int command, long argument) {
  return is_socket(descriptor) ? pass("fcntl", "fcntl", descriptor, command, argument)
                               : call_real<int>("fcntl", descriptor, command, argument);
}

int fault_fcntl64(int descriptor, int command, long argument) {
  return fault_fcntl(descriptor, command, argument);
}

ssize_t fault_recv(int socket, void* bytes, std::size_t size, int flags) {
  return transfer("recv", "recv", socket, bytes, size, flags);
}

ssize_t fault_send(int socket, const void* bytes, std::size_t size, int flags) {
  return transfer("send", "send", socket, bytes, size, flags);
}

int fault_select(int end, fd_set* read, fd_set* write, fd_set* except, timeval* limit) {
  const int what = fault_of("select");
  if (what > 0) {
    errno = what;
    return -1;
  }
  if (what == 0) return call_real<int>("select", end, read, write, except, limit);
  // A set is one of longs, up to `end`; no failed connect is made up.
  constexpr std::size_t bits = CHAR_BIT * sizeof(unsigned long);
  const std::size_t words = (static_cast<std::size_t>(end) + bits - 1) / bits;
  int count = 0;
  for (auto* set : {read, write}) {
    auto* const word = reinterpret_cast<unsigned long*>(set);
    for (std::size_t place = 0; set != nullptr && place < words; ++place) {
      if (what == none) word[place] = 0;
      count += __builtin_popcountl(word[place]);
    }
  }
  return count;
}

int fault_getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                      addrinfo** found) {
  const int what = fault_of("getaddrinfo");
  return what != 0 ? what : call_real<int>("getaddrinfo", host, service, hints, found);
}

int fault_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                         void* argument) {
  const int what = fault_of("pthread_create");
  return what != 0 ? what : call_real<int>("pthread_create", thread, attributes, run, argument);
}
