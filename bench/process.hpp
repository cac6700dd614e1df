// onesock bench: what this process holds, by what its system tells; the tests use it too.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>
// After it, or it brings the old Winsock.
#include <windows.h>
#include <psapi.h>

#include <cstring>
#include <vector>
#else
#include <filesystem>
#include <system_error>
#endif

#ifdef _WIN32

/// How many handles this process has open, from the list of all the system's handles: in Wine 8
/// GetProcessHandleCount says 0, and /proc/self/fd is that of Wine's server, which has them all.
inline std::size_t open_descriptors() {
  struct Handle {
    USHORT process;
    USHORT trace;
    UCHAR type;
    UCHAR flags;
    USHORT value;
    void* object;
    ULONG access;
  };
  using Query = LONG(NTAPI*)(int information, void* to, ULONG room, ULONG* needed);
  const auto query = reinterpret_cast<Query>(reinterpret_cast<void*>(
      ::GetProcAddress(::GetModuleHandleA("ntdll"), "NtQuerySystemInformation")));
  constexpr int handle_information = 16;
  constexpr std::size_t most = 1 << 28;
  std::vector<char> list(1 << 20);
  while (query(handle_information, list.data(), static_cast<ULONG>(list.size()), nullptr) != 0) {
    if (list.size() > most) return 0;
    list.resize(list.size() * 2);
  }
  ULONG handles = 0;
  std::memcpy(&handles, list.data(), sizeof handles);
  std::size_t count = 0;
  for (std::size_t index = 0; index < handles; ++index) {
    Handle handle{};
    std::memcpy(&handle, list.data() + sizeof(void*) + index * sizeof handle, sizeof handle);
    count += handle.process == static_cast<USHORT>(::GetCurrentProcessId());
  }
  return count;
}

/// Memory in KiB by the name that it has in Linux's /proc/self/status: resident now, or at most.
inline long memory_kib(const std::string& name) {
  PROCESS_MEMORY_COUNTERS memory{};
  memory.cb = sizeof memory;
  if (!::K32GetProcessMemoryInfo(::GetCurrentProcess(), &memory, sizeof memory)) return 0;
  const auto bytes = name == "VmRSS:"   ? memory.WorkingSetSize
                     : name == "VmHWM:" ? memory.PeakWorkingSetSize
                                        : 0;
  return static_cast<long>(bytes / 1024);
}

#else

/// How many descriptors this process has open; 0 where the system does not tell.
inline std::size_t open_descriptors() {
  std::error_code code;
  std::size_t count = 0;
  std::filesystem::directory_iterator entry("/proc/self/fd", code);
  for (const std::filesystem::directory_iterator end; !code && entry != end;) {
    ++count;
    entry.increment(code);
  }
  return code ? 0 : count;
}

/// A line of Linux's /proc/self/status in KiB; 0 where the system has no such line.
inline long memory_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long kib = 0;
    if (word == name && status >> kib) return kib;
  }
  return 0;
}

#endif
