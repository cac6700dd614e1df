// onesock: what can be told of this process and thread, as names and texts; for
// leaves_no_trace.cpp. SPDX-License-Identifier: MIT
#pragma once

#include <cfenv>
#include <clocale>
#include <csignal>
#include <exception>
#include <functional>
#include <limits>
#include <locale>
#include <map>
#include <new>
#include <string>
#include <string_view>

#include "onesock.hpp"

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#include <direct.h>
#include <tlhelp32.h>
#else
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
extern char** environ;
#endif

namespace {

using State = std::map<std::string, std::string>;

/// The bytes of what has no other text.
template <class Value>
std::string bytes_of(const Value& value) {
  return onesock::BufferView(std::string_view(reinterpret_cast<const char*>(&value), sizeof(value)))
      .hex();
}

/// For what is nobody's to read in a log.
std::string hash_of(const std::string& text) {
  return std::to_string(std::hash<std::string>()(text));
}

#ifdef _WIN32

long starts = 0;
long cleanups = 0;

template <class Function>
Function* real(const char* name) {
  const auto found = ::GetProcAddress(::GetModuleHandleA("ws2_32.dll"), name);
  return reinterpret_cast<Function*>(reinterpret_cast<void*>(found));
}

int WSAAPI count_start(WORD version, WSADATA* data) {
  ::InterlockedIncrement(&starts);
  return real<decltype(::WSAStartup)>("WSAStartup")(version, data);
}

int WSAAPI count_cleanup() {
  ::InterlockedIncrement(&cleanups);
  return real<decltype(::WSACleanup)>("WSACleanup")();
}

}  // namespace

// The names of the import table: the library's calls come here.
extern "C" {
extern decltype(&count_start) import_of_start asm("__imp_WSAStartup");
extern decltype(&count_cleanup) import_of_cleanup asm("__imp_WSACleanup");
decltype(&count_start) import_of_start = count_start;
decltype(&count_cleanup) import_of_cleanup = count_cleanup;
}

namespace {

/// Handles are multiples of four, and a socket is one.
int count_sockets() {
  int count = 0;
  for (SOCKET handle = 4; handle < 4096; handle += 4) {
    int type = 0;
    int size = sizeof(type);
    if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) == 0)
      ++count;
  }
  return count;
}

int count_threads() {
  int count = 0;
  const HANDLE snapshot = ::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  THREADENTRY32 entry{};
  entry.dwSize = sizeof(entry);
  for (BOOL more = ::Thread32First(snapshot, &entry); more; more = ::Thread32Next(snapshot, &entry))
    if (entry.th32OwnerProcessID == ::GetCurrentProcessId()) ++count;
  ::CloseHandle(snapshot);
  return count;
}

State system_state() {
  State state;
  state["WSAStartup"] = std::to_string(starts);
  state["WSACleanup"] = std::to_string(cleanups);
  state["error mode"] = std::to_string(::GetErrorMode());
  const auto filter = ::SetUnhandledExceptionFilter(nullptr);
  ::SetUnhandledExceptionFilter(filter);
  state["exception filter"] = bytes_of(filter);
  for (const int number : {SIGABRT, SIGFPE, SIGILL, SIGINT, SIGSEGV, SIGTERM}) {
    const auto handler = std::signal(number, SIG_DFL);
    std::signal(number, handler);
    state["handler of " + std::to_string(number)] = bytes_of(handler);
  }
  state["sockets"] = std::to_string(count_sockets());
  state["threads"] = std::to_string(count_threads());
  char folder[MAX_PATH] = {};
  state["folder"] = ::_getcwd(folder, MAX_PATH);
  std::string environment;
  char* const variables = ::GetEnvironmentStringsA();
  for (const char* one = variables; *one != '\0'; one += std::string(one).size() + 1)
    environment += std::string(one) + '\n';
  ::FreeEnvironmentStringsA(variables);
  state["environment"] = hash_of(environment);
  return state;
}

#else

std::string flags_of(int descriptor) {
  return std::to_string(::fcntl(descriptor, F_GETFD)) + ' ' +
         std::to_string(::fcntl(descriptor, F_GETFL));
}

State system_state() {
  State state;
  for (int descriptor = 0; descriptor < 256; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) != -1)
      state["descriptor " + std::to_string(descriptor)] = flags_of(descriptor);
  for (int number = 1; number < 65; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0)
      state["signal " + std::to_string(number)] =
          bytes_of(action.sa_handler) + ' ' + std::to_string(action.sa_flags);
  }
  const mode_t created = ::umask(0);
  ::umask(created);
  state["umask"] = std::to_string(created);
  for (const auto resource :
       {RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_STACK}) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    state["limit " + std::to_string(resource)] = bytes_of(limit);
  }
  itimerval alarm{};
  ::getitimer(ITIMER_REAL, &alarm);
  state["alarm"] = bytes_of(alarm);
  char folder[4096] = {};
  state["folder"] = ::getcwd(folder, sizeof(folder)) == nullptr ? "" : folder;
  std::string environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment += std::string(*variable) + '\n';
  state["environment"] = hash_of(environment);
  // Linux; nothing elsewhere.
  if (DIR* const threads = ::opendir("/proc/self/task")) {
    int count = 0;
    while (::readdir(threads) != nullptr) ++count;
    ::closedir(threads);
    state["threads"] = std::to_string(count - 2);  // "." and ".."
  }
  return state;
}

#endif

/// What belongs to the calling thread.
State state_of_thread() {
  State state;
  state["rounding"] = std::to_string(std::fegetround());
  const volatile double smallest = (std::numeric_limits<double>::min)();
  state["denormals"] = smallest / 2 > 0 ? "yes" : "no";
#ifndef _WIN32
  sigset_t mask{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  state["signal mask"] = bytes_of(mask);
#endif
  return state;
}

State state_of_process() {
  State state = system_state();
  state["locale"] = std::setlocale(LC_ALL, nullptr);
  state["locale of C++"] = std::locale().name();
  state["terminate handler"] = bytes_of(std::get_terminate());
  state["new handler"] = bytes_of(std::get_new_handler());
  return state;
}

}  // namespace
