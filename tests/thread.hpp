// onesock: the tests' threads: std::thread, or what we need of it where a compiler has none.
// SPDX-License-Identifier: MIT
#pragma once

#include "onesock.hpp"

// MinGW's GCC 12 with win32 threads has neither std::thread nor std::mutex.
#if defined(__MINGW32__) && !defined(_GLIBCXX_HAS_GTHREADS) && !defined(_LIBCPP_VERSION)

#include <functional>
#include <memory>
#include <utility>

#include <windows.h>

#include <process.h>

namespace support {

/// Ends the program, as std::thread does, if nobody joined it.
class Thread {
 public:
  explicit Thread(std::function<void()> work)
      : thread_(_beginthreadex(nullptr, 0, run, new std::function<void()>(std::move(work)), 0,
                               nullptr)) {
    if (thread_ == 0) std::abort();
  }
  Thread(Thread&& other) noexcept : thread_(std::exchange(other.thread_, 0)) {}
  Thread& operator=(Thread&&) = delete;
  ~Thread() {
    if (thread_ != 0) std::abort();
  }

  void join() {
    const auto handle = reinterpret_cast<HANDLE>(std::exchange(thread_, 0));
    WaitForSingleObject(handle, INFINITE);
    CloseHandle(handle);
  }

 private:
  static unsigned __stdcall run(void* work) {
    const std::unique_ptr<std::function<void()>> mine(static_cast<std::function<void()>*>(work));
    (*mine)();
    return 0;
  }

  std::uintptr_t thread_;
};

inline void yield() {
  SwitchToThread();
}

}  // namespace support

#else

#include <thread>

namespace support {
using Thread = std::thread;
using std::this_thread::yield;
}  // namespace support

#endif
