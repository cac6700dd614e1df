// onesock: the event loop, one turn at a time, and its timers.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "error.hpp"
#include "listener.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
class LoopState;
struct TimerState;
}  // namespace detail

/// A timeout or an interval; a handle, may be copied and may be empty. Use it on its loop's thread.
///
/// Dropping it cancels nothing. On an empty or ended one every call does nothing. Mirrors Node's
/// `Timeout`.
class Timer {
 public:
  /// An empty one.
  Timer() = default;
  /// It will not run (again), and what its task holds is let go. Allowed inside its own task.
  void cancel() const;
  /// Starts its delay anew; inside a timeout's own task too, which then runs again.
  void refresh() const;
  /// It keeps run() going until it has run (the default).
  void ref() const;
  /// It does not keep run() going.
  void unref() const;
  /// True until a timeout has run or any timer was cancelled.
  bool active() const;

 private:
  friend class detail::LoopState;
  explicit Timer(std::shared_ptr<detail::TimerState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::TimerState> state_;
};

/// Waits for everything that was started on it, in one blocking `select()`, and calls the handlers.
///
/// It belongs to the thread that runs it; post() and stop() are the two calls for other threads. A
/// Loop that goes closes everything quietly: no handler is called, no descriptor leaks. It must not
/// go inside its own run(): that calls std::terminate(). Making one that the system has no
/// descriptors for fails as raised errors do: Failure, or ONESOCK_FATAL.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Turns until nothing referenced is left, or stop(). Returns whether anything referenced is
  /// left.
  ///
  /// May be called again, also after a handler's exception has passed out of it: what was still to
  /// be told is told then, in order. Inside one of this loop's handlers it does nothing and returns
  /// true.
  bool run();

  /// One turn, waiting at most `wait` (default 0: not at all), for programs that have a loop of
  /// their own, such as a game's frame. Returns as run() does, and false after stop().
  bool run_once(std::chrono::milliseconds wait = std::chrono::milliseconds(0));

  /// Ends run() after this turn, or the next run() at once if none goes on. Any thread, and signal
  /// handlers, may call it.
  void stop();

  /// Calls `task` on the loop's thread, in the order of the posts. Any thread may call it, at any
  /// time of the loop's life. A task that is posted keeps run() going until it ran.
  void post(Task task);

  /// Whether anything referenced is left: open sockets, listening servers, timers, tasks.
  bool alive() const;
  /// Keeps run() going, once per call, until unref(): for when another thread still has to post().
  void ref();
  /// Takes one ref() back.
  void unref();

  /// Calls `task` once after `delay` (never early; negative is 0, too long is clamped to 10 years).
  Timer set_timeout(std::chrono::milliseconds delay, Task task);
  /// Calls `task` every `period` (at least 1 ms) until cancelled; it may take the Timer& itself. A
  /// late one is not made up for.
  Timer set_interval(std::chrono::milliseconds period, Listener<Timer&> task);

  /// Hears the errors of `listen` and `connect` that have no listener of their own. Without one
  /// they leave run() as Failure. A second call replaces the first.
  void on_error(Listener<const Error&> listener);

  /// Bytes of the one receive buffer that all its sockets share, and so the most that one `data`
  /// carries; 256 KiB by default, at least 1.
  void set_receive_buffer_size(std::size_t bytes);

 private:
  friend class detail::LoopState;
  std::shared_ptr<detail::LoopState> state_;
};

/// This thread's own Loop, made on the first call. What is made without naming a Loop joins it.
/// Other threads and signal handlers need a reference taken on this thread.
Loop& default_loop();

/// default_loop().run().
bool run();
/// default_loop().run_once(wait).
bool run_once(std::chrono::milliseconds wait = std::chrono::milliseconds(0));
/// default_loop().stop().
void stop();
/// default_loop().set_timeout(delay, task).
Timer set_timeout(std::chrono::milliseconds delay, Task task);
/// default_loop().set_interval(period, task).
Timer set_interval(std::chrono::milliseconds period, Listener<Timer&> task);

ONESOCK_END_NAMESPACE
