// onesock: the body of a Loop: what is open, what is to be told, and the timers.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../loop.hpp"
#include "clock.hpp"
#include "mailbox.hpp"
#include "poller.hpp"
#include "resolver.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// What a loop owns while it is open: a Connection, or a ServerState.
///
/// What it has to tell it keeps itself, and takes each thing off before it tells it: when a handler
/// throws, the loop calls the same function again, which goes on where it was.
class LoopItem : public std::enable_shared_from_this<LoopItem> {
 public:
  virtual ~LoopItem() = default;
  /// Step 2 of a turn: tells the events that are due.
  virtual void tell() = 0;
  /// Step 5: one of its handles is ready.
  virtual void on_ready(Handle handle, Interest interest) = 0;
  /// Step 6: tells what is still owed, and then `close`.
  virtual void tell_close() = 0;
  /// The loop goes: closes its handles, tells nothing.
  virtual void abandon() = 0;
  /// Lets go of its listeners, once every item is abandoned.
  virtual void drop_listeners() = 0;
};

struct TimerState {
  std::weak_ptr<LoopState> loop;
  Milliseconds delay{0};
  bool repeats = false;
  bool referenced = true;
  bool running = false;
  /// Where it stands among the loop's timers; meaningful while active.
  std::pair<TimePoint, std::uint64_t> key;
  bool active = false;
  Listener<Timer&> task;
};

/// Everything here is used on the loop's thread only, but post() and stop().
class LoopState : public std::enable_shared_from_this<LoopState> {
 public:
  static const std::shared_ptr<LoopState>& of(const Loop& loop) { return loop.state_; }
  /// The body of a new Loop; an error, and no half-made loop, where descriptors are missing.
  static Error open(Loop& loop, std::shared_ptr<LoopState>& opened);
  LoopState(Loop& loop, std::shared_ptr<Mailbox> mailbox);
  /// The Loop goes.
  void abandon();
  /// The Loop that this is the body of; null when it is gone.
  Loop* loop() const { return loop_; }

  bool run();
  bool run_once(Milliseconds wait);
  void post(Task task) { mailbox_->post(std::move(task)); }
  void stop() { mailbox_->stop(); }
  bool alive() const;

  /// Calls `task` in step 2 of the next turn.
  void defer(Task task);
  /// Calls the item's tell() in step 2 of the next turn.
  void defer_tell(LoopItem& item);
  /// Calls the item's tell_close() in step 6, once.
  void defer_close(LoopItem& item);

  /// Owns the item from now on; it is open.
  void own(LoopItem& item) { items_.emplace(&item, item.shared_from_this()); }
  /// Its `close` was told.
  void disown(LoopItem& item) { items_.erase(&item); }

  /// Watches a handle for an item of this loop, in place of what it was watched for.
  Error watch(Handle handle, Interest want, LoopItem& item);
  void forget(Handle handle);

  /// One more, or one less, thing that keeps run() going.
  void ref() { ++references_; }
  void unref() { --references_; }

  Timer add_timer(Milliseconds delay, bool repeats, Listener<Timer&> task);
  void cancel(TimerState& timer);
  void refresh(const std::shared_ptr<TimerState>& timer);
  void set_referenced(TimerState& timer, bool referenced);

  void set_on_error(Listener<const Error&> listener);
  /// A set-up error that nobody listens for: Loop::on_error, or it leaves run().
  void tell_unheard(const Error& error);

  Resolver& resolver() { return *resolver_; }
  /// The receive buffer that all its sockets share; its bytes are good until the next call.
  std::vector<std::uint8_t>& receive_buffer();
  void set_receive_buffer_size(std::size_t bytes);

 private:
  /// What stands in step 2's queue: a task, or an item that has something to tell.
  struct Deferred {
    Task task;
    std::shared_ptr<LoopItem> item;
  };
  struct Watch {
    std::shared_ptr<LoopItem> item;
    Interest want;
    std::uint64_t serial;  // Tells a handle from a later one with the same number.
  };
  struct ReadyItem {
    std::shared_ptr<LoopItem> item;
    Readiness readiness;
    std::uint64_t serial;
  };

  void drop_tasks();
  void turn(Milliseconds longest_wait);
  void run_due_timers();
  void run_deferred();
  Milliseconds time_to_wait(Milliseconds longest) const;
  void collect_ready();
  void walk_ready();
  void run_closes();
  void shrink();
  void arm(const std::shared_ptr<TimerState>& timer, TimePoint when);
  void disarm(TimerState& timer);
  void run_timer(const std::shared_ptr<TimerState>& timer);

  Loop* loop_;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Resolver> resolver_;
  Poller poller_;
  bool in_turn_ = false;
  bool woken_ = false;
  std::size_t references_ = 0;
  std::uint64_t last_serial_ = 0;

  std::map<LoopItem*, std::shared_ptr<LoopItem>> items_;
  std::unordered_map<Handle, Watch> watches_;
  std::vector<Readiness> readiness_;
  std::vector<ReadyItem> ready_;
  std::deque<Task> posted_;
  std::deque<Deferred> deferred_;
  std::deque<std::shared_ptr<LoopItem>> closes_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::shared_ptr<TimerState>> timers_;
  std::shared_ptr<Listener<const Error&>> on_error_;
  std::vector<std::uint8_t> receive_buffer_;
  std::size_t receive_buffer_size_ = 256 * 1024;
};

/// A number never used twice in this process, on any thread.
std::uint64_t next_id();

}  // namespace detail
ONESOCK_END_NAMESPACE
