// onesock: tasks from other threads, and the waker that ends a wait for them.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <system_error>

#include "../listener.hpp"
#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// Shared by a Loop and whoever may outlive it: look-up threads keep it, never the loop.
class Mailbox {
 public:
  /// A mailbox with its waker; an error where the system has no descriptors left.
  static std::error_code open(std::shared_ptr<Mailbox>& opened);
  Mailbox() = default;
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Adds a task and wakes the owner; drops it if the owner is gone. Any thread.
  void post(Task task);
  /// Asks the owner to stop and wakes it. Any thread, signal handlers too.
  void stop();
  /// Whether stop() was called since the last take_stop(). Owner only.
  bool take_stop();
  /// Whether tasks wait. Owner only.
  bool has_tasks() const;
  /// Moves the tasks that wait to the end of `tasks`, in the order they were posted, and takes the
  /// wake-ups; but a stop() not yet taken wakes again. Owner only.
  void collect(std::deque<Task>& tasks);
  /// The owner goes: what is posted from now on is dropped at once; what waits is still its own to
  /// collect. Owner only.
  void close();

  /// Ready for reading when somebody posted or stopped.
  Handle waker() const { return waker_.reader; }

 private:
  struct Letter {
    Task task;
    Letter* next;
  };
  void wake();

  os::Waker waker_;
  std::atomic<Letter*> newest_{nullptr};
  // Ints: to exchange a single byte, RISC-V needs a library (GCC before 14).
  std::atomic<int> awake_{0};
  std::atomic<int> stopped_{0};
  std::atomic<int> closed_{0};
};

}  // namespace detail
ONESOCK_END_NAMESPACE
