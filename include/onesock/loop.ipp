// onesock: one turn of the loop after another.
// SPDX-License-Identifier: MIT

#include "loop.hpp"

#include <exception>

#include "detail/loop_state.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE std::uint64_t next_id() {
  // A 64-bit atomic needs a library of its own on 32-bit MIPS and ARM; a flag is free everywhere.
  static std::atomic_flag taken = ATOMIC_FLAG_INIT;
  static std::uint64_t last = 0;
  while (taken.test_and_set(std::memory_order_acquire)) {
  }
  const auto id = ++last;
  taken.clear(std::memory_order_release);
  return id;
}

/// Sets a flag for as long as it stands, exceptions or not.
class FlagScope {
 public:
  explicit FlagScope(bool& flag) : flag_(flag) { flag_ = true; }
  ~FlagScope() { flag_ = false; }
  FlagScope(const FlagScope&) = delete;
  FlagScope& operator=(const FlagScope&) = delete;

 private:
  bool& flag_;
};

/// A timer while its task runs: the task, and what it captured, goes after it, unless it runs
/// again.
class RunningTimer {
 public:
  explicit RunningTimer(TimerState& timer) : task(std::exchange(timer.task, {})), timer_(timer) {
    timer_.running = true;
  }
  ~RunningTimer() {
    timer_.running = false;
    if (timer_.active) timer_.task = std::move(task);
  }
  RunningTimer(const RunningTimer&) = delete;
  RunningTimer& operator=(const RunningTimer&) = delete;

  Listener<Timer&> task;

 private:
  TimerState& timer_;
};

ONESOCK_INLINE LoopState::LoopState(Loop& loop, std::shared_ptr<Mailbox> mailbox)
    : loop_(&loop), mailbox_(std::move(mailbox)), resolver_(std::make_shared<Resolver>(mailbox_)) {}

ONESOCK_INLINE Error LoopState::open(Loop& loop, std::shared_ptr<LoopState>& opened) {
  std::shared_ptr<Mailbox> mailbox;
  if (const auto code = Mailbox::open(mailbox)) return Error("loop", code);
  auto state = std::make_shared<LoopState>(loop, std::move(mailbox));
  if (const auto code = state->poller_.watch(state->mailbox_->waker(), Interest::read)) {
    return Error("loop", code);
  }
  opened = std::move(state);
  return {};
}

ONESOCK_INLINE void LoopState::abandon() {
  if (in_turn_) std::terminate();
  in_turn_ = true;  // What the destructors of listeners call runs nothing.
  loop_ = nullptr;
  mailbox_->close();
  for (const auto& item : items_) item.second->abandon();
  for (const auto& timer : timers_) timer.second->active = false;
  for (const auto& item : items_) item.second->drop_listeners();
  drop_tasks();
  // Handles may keep this shell; the descriptors and the buffer go now.
  items_.clear();
  watches_.clear();
  ready_.clear();
  resolver_.reset();
  mailbox_.reset();
  std::vector<std::uint8_t>().swap(receive_buffer_);  // `= {}` would keep its memory.
}

/// What these hold may call us once more while it goes: they are out of our hands by then.
ONESOCK_INLINE void LoopState::drop_tasks() {
  std::deque<Task> posted;
  mailbox_->collect(posted);
  const auto deferred = std::exchange(deferred_, {});
  const auto closes = std::exchange(closes_, {});
  const auto timers = std::exchange(timers_, {});
  // A task may hold its own timer.
  for (const auto& timer : timers) timer.second->task = {};
  const auto on_error = std::exchange(on_error_, {});
}

ONESOCK_INLINE bool LoopState::run() {
  if (in_turn_) return true;
  while (!mailbox_->take_stop()) {
    if (!alive()) return false;
    turn(no_limit);
  }
  return alive();
}

ONESOCK_INLINE bool LoopState::run_once(Milliseconds wait) {
  if (in_turn_) return true;
  if (mailbox_->take_stop()) return false;
  turn((std::max)(wait, Milliseconds(0)));
  return !mailbox_->take_stop() && alive();
}

ONESOCK_INLINE bool LoopState::alive() const {
  return references_ > 0 || !deferred_.empty() || !closes_.empty() || mailbox_->has_tasks();
}

// 1. run the timers that are due;
// 2. run what was posted and deferred, but not what those add: that is the next turn's;
// 3. work out how long to wait: nothing if a task, an event or a close is queued, until the next
//    timer, or without limit;
// 4. wait;
// 5. collect who is ready into a list, then walk the list: accept, finish connecting, read, write;
// 6. run the closes that are due, those they add too.
// What is still to be told stands in the queues, never on the stack: when a handler throws, the
// next turn goes on with it, in order; ready handles are found ready again.
ONESOCK_INLINE void LoopState::turn(Milliseconds longest_wait) {
  const FlagScope scope(in_turn_);
  run_due_timers();
  run_deferred();
  // A wait that fails (ENOMEM) is one with nothing ready: the next turn tries again.
  static_cast<void>(poller_.wait(time_to_wait(longest_wait), readiness_));
  collect_ready();
  walk_ready();
  run_closes();
  shrink();
}

ONESOCK_INLINE void LoopState::run_due_timers() {
  const auto now = Clock::now();
  const auto newest = last_serial_;  // A timer that is armed in here waits for the next turn.
  while (!timers_.empty()) {
    const auto timer = timers_.begin()->second;
    if (timer->key.first > now || timer->key.second > newest) return;
    run_timer(timer);
  }
}

ONESOCK_INLINE void LoopState::run_deferred() {
  if (std::exchange(woken_, false) || mailbox_->has_tasks()) mailbox_->collect(posted_);
  for (auto& task : posted_) defer(std::move(task));
  posted_.clear();
  for (auto count = deferred_.size(); count > 0; --count) {
    if (const auto item = deferred_.front().item) {
      item->tell();
      deferred_.pop_front();
    } else {
      const auto task = std::move(deferred_.front().task);
      deferred_.pop_front();
      task();
    }
  }
}

ONESOCK_INLINE Milliseconds LoopState::time_to_wait(Milliseconds longest) const {
  const bool is_busy = !deferred_.empty() || !closes_.empty() || mailbox_->has_tasks();
  if (is_busy || !alive()) return Milliseconds(0);
  if (timers_.empty()) return longest;
  const auto until_timer = wait_until(timers_.begin()->first.first, Clock::now());
  return longest == no_limit ? until_timer : (std::min)(longest, until_timer);
}

ONESOCK_INLINE void LoopState::collect_ready() {
  ready_.clear();
  for (const auto& readiness : readiness_) {
    const auto found = watches_.find(readiness.handle);
    if (found == watches_.end()) {
      woken_ = true;  // Nobody's handle is the waker: the next turn collects.
    } else {
      ready_.push_back({found->second.item, readiness, found->second.serial});
    }
  }
}

ONESOCK_INLINE void LoopState::walk_ready() {
  for (const auto& entry : ready_) {
    const auto found = watches_.find(entry.readiness.handle);
    if (found == watches_.end() || found->second.serial != entry.serial) continue;
    const auto interest = entry.readiness.interest & found->second.want;
    if (interest != Interest::none) entry.item->on_ready(entry.readiness.handle, interest);
  }
  ready_.clear();
}

ONESOCK_INLINE void LoopState::run_closes() {
  while (!closes_.empty()) {
    const auto item = closes_.front();
    item->tell_close();
    closes_.pop_front();
  }
}

ONESOCK_INLINE void LoopState::shrink() {
  release_room(watches_);
  release_room(ready_, watches_.size());
}

ONESOCK_INLINE void LoopState::defer(Task task) {
  if (loop_ != nullptr) deferred_.push_back({std::move(task), nullptr});
}

ONESOCK_INLINE void LoopState::defer_tell(LoopItem& item) {
  deferred_.push_back({{}, item.shared_from_this()});
}

ONESOCK_INLINE void LoopState::defer_close(LoopItem& item) {
  closes_.push_back(item.shared_from_this());
}

ONESOCK_INLINE Error LoopState::watch(Handle handle, Interest want, LoopItem& item) {
  if (want == Interest::none) {
    forget(handle);
    return {};
  }
  if (const auto code = poller_.watch(handle, want)) return Error("watch", code);
  auto& watch = watches_[handle];
  if (!watch.item) watch = {item.shared_from_this(), want, ++last_serial_};
  watch.want = want;
  return {};
}

ONESOCK_INLINE void LoopState::forget(Handle handle) {
  if (watches_.erase(handle) > 0) poller_.forget(handle);
}

ONESOCK_INLINE Timer LoopState::add_timer(Milliseconds delay, bool repeats, Listener<Timer&> task) {
  if (loop_ == nullptr || !task) return {};
  auto timer = std::make_shared<TimerState>();
  timer->loop = weak_from_this();
  timer->delay = delay;
  timer->repeats = repeats;
  timer->task = std::move(task);
  arm(timer, after(Clock::now(), delay));
  return Timer(std::move(timer));
}

ONESOCK_INLINE void LoopState::arm(const std::shared_ptr<TimerState>& timer, TimePoint when) {
  timer->key = {when, ++last_serial_};
  timer->active = true;
  if (timer->referenced) ref();
  timers_.emplace(timer->key, timer);
}

ONESOCK_INLINE void LoopState::disarm(TimerState& timer) {
  if (!timer.active) return;
  timer.active = false;
  if (timer.referenced) unref();
  timers_.erase(timer.key);
}

ONESOCK_INLINE void LoopState::run_timer(const std::shared_ptr<TimerState>& timer) {
  const auto due = timer->key.first;
  disarm(*timer);
  if (timer->repeats) {
    const auto now = Clock::now();
    const auto next = after(due, timer->delay);
    arm(timer, next > now ? next : after(now, timer->delay));
  }
  const RunningTimer running(*timer);
  Timer handle(timer);
  running.task(handle);
}

ONESOCK_INLINE void LoopState::cancel(TimerState& timer) {
  disarm(timer);
  timer.running = false;
  timer.task = {};
}

ONESOCK_INLINE void LoopState::refresh(const std::shared_ptr<TimerState>& timer) {
  if (!timer->active && !timer->running) return;
  disarm(*timer);
  arm(timer, after(Clock::now(), timer->delay));
}

ONESOCK_INLINE void LoopState::set_referenced(TimerState& timer, bool referenced) {
  if (timer.referenced == referenced) return;
  timer.referenced = referenced;
  if (!timer.active) return;
  if (referenced) {
    ref();
  } else {
    unref();
  }
}

ONESOCK_INLINE void LoopState::set_on_error(Listener<const Error&> listener) {
  if (loop_ == nullptr) return;
  on_error_ = std::make_shared<Listener<const Error&>>(std::move(listener));
}

ONESOCK_INLINE void LoopState::tell_unheard(const Error& error) {
  const auto listener = on_error_;  // It may be replaced while it runs.
  if (!listener || !*listener) raise(error);
  (*listener)(error);
}

ONESOCK_INLINE std::vector<std::uint8_t>& LoopState::receive_buffer() {
  if (receive_buffer_.size() != receive_buffer_size_) receive_buffer_.resize(receive_buffer_size_);
  return receive_buffer_;
}

ONESOCK_INLINE void LoopState::set_receive_buffer_size(std::size_t bytes) {
  receive_buffer_size_ = (std::max)(bytes, std::size_t(1));
}

}  // namespace detail

ONESOCK_INLINE void Timer::cancel() const {
  const auto loop = state_ ? state_->loop.lock() : nullptr;
  if (loop) loop->cancel(*state_);
}

ONESOCK_INLINE void Timer::refresh() const {
  const auto loop = state_ ? state_->loop.lock() : nullptr;
  if (loop) loop->refresh(state_);
}

ONESOCK_INLINE void Timer::ref() const {
  const auto loop = state_ ? state_->loop.lock() : nullptr;
  if (loop) loop->set_referenced(*state_, true);
}

ONESOCK_INLINE void Timer::unref() const {
  const auto loop = state_ ? state_->loop.lock() : nullptr;
  if (loop) loop->set_referenced(*state_, false);
}

ONESOCK_INLINE bool Timer::active() const {
  return state_ && state_->active;
}

ONESOCK_INLINE Loop::Loop() {
  if (const auto error = detail::LoopState::open(*this, state_)) detail::raise(error);
}

ONESOCK_INLINE Loop::~Loop() {
  state_->abandon();
}

ONESOCK_INLINE bool Loop::run() {
  return state_->run();
}

ONESOCK_INLINE bool Loop::run_once(std::chrono::milliseconds wait) {
  return state_->run_once(wait);
}

ONESOCK_INLINE void Loop::stop() {
  state_->stop();
}

ONESOCK_INLINE void Loop::post(Task task) {
  if (task) state_->post(std::move(task));
}

ONESOCK_INLINE bool Loop::alive() const {
  return state_->alive();
}

ONESOCK_INLINE void Loop::ref() {
  state_->ref();
}

ONESOCK_INLINE void Loop::unref() {
  state_->unref();
}

ONESOCK_INLINE Timer Loop::set_timeout(std::chrono::milliseconds delay, Task task) {
  return state_->add_timer(delay, false, std::move(task));
}

ONESOCK_INLINE Timer Loop::set_interval(std::chrono::milliseconds period, Listener<Timer&> task) {
  return state_->add_timer((std::max)(period, std::chrono::milliseconds(1)), true, std::move(task));
}

ONESOCK_INLINE void Loop::on_error(Listener<const Error&> listener) {
  state_->set_on_error(std::move(listener));
}

ONESOCK_INLINE void Loop::set_receive_buffer_size(std::size_t bytes) {
  state_->set_receive_buffer_size(bytes);
}

namespace detail {

/// Takes this thread's default loop with the thread. It has no memory of its own: see
/// os::thread_value().
struct DefaultLoopEnd {
  ~DefaultLoopEnd() {
    delete static_cast<Loop*>(os::thread_value());
    os::set_thread_value(nullptr);
  }
};

}  // namespace detail

// Meant: the default loop is destroyed when its thread ends.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wexit-time-destructors"
#endif

ONESOCK_INLINE Loop& default_loop() {
#ifdef ONESOCK_NO_THREADS
  static Loop loop;
  return loop;
#else
  static thread_local detail::DefaultLoopEnd end;
  if (detail::os::thread_value() == nullptr) detail::os::set_thread_value(new Loop());
  return *static_cast<Loop*>(detail::os::thread_value());
#endif
}

#ifdef __clang__
#pragma clang diagnostic pop
#endif

ONESOCK_INLINE bool run() {
  return default_loop().run();
}

ONESOCK_INLINE bool run_once(std::chrono::milliseconds wait) {
  return default_loop().run_once(wait);
}

ONESOCK_INLINE void stop() {
  default_loop().stop();
}

ONESOCK_INLINE Timer set_timeout(std::chrono::milliseconds delay, Task task) {
  return default_loop().set_timeout(delay, std::move(task));
}

ONESOCK_INLINE Timer set_interval(std::chrono::milliseconds period, Listener<Timer&> task) {
  return default_loop().set_interval(period, std::move(task));
}

ONESOCK_END_NAMESPACE
