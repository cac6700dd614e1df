// onesock: the body of Mailbox, a stack of letters that any thread may add to.
// SPDX-License-Identifier: MIT

#include "mailbox.hpp"

#include <utility>

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE std::error_code Mailbox::open(std::shared_ptr<Mailbox>& opened) {
  auto mailbox = std::make_shared<Mailbox>();
  if (const auto code = os::open_waker(mailbox->waker_)) return code;
  opened = std::move(mailbox);
  return {};
}

ONESOCK_INLINE Mailbox::~Mailbox() {
  std::deque<Task> unread;
  collect(unread);
  os::close_waker(waker_);
}

ONESOCK_INLINE void Mailbox::post(Task task) {
  if (closed_ != 0) return;
  auto* letter = new Letter{std::move(task), newest_};
  while (!newest_.compare_exchange_weak(letter->next, letter)) {
  }
  wake();
}

ONESOCK_INLINE void Mailbox::stop() {
  stopped_ = 1;
  wake();
}

ONESOCK_INLINE bool Mailbox::take_stop() {
  return stopped_.exchange(0) != 0;
}

ONESOCK_INLINE bool Mailbox::has_tasks() const {
  return newest_ != nullptr;
}

ONESOCK_INLINE void Mailbox::collect(std::deque<Task>& tasks) {
  // Whatever awake_ says: who set it may write to the waker only after we have cleared it.
  os::drain(waker_);
  // Before the letters are taken: who posts from here on wakes us again.
  awake_ = 0;
  if (stopped_ != 0) wake();
  Letter* oldest = nullptr;
  for (Letter* letter = newest_.exchange(nullptr); letter != nullptr;) {
    Letter* const older = std::exchange(letter->next, oldest);
    oldest = std::exchange(letter, older);
  }
  while (oldest != nullptr) {
    const std::unique_ptr<Letter> letter(oldest);
    oldest = letter->next;
    tasks.push_back(std::move(letter->task));
  }
}

ONESOCK_INLINE void Mailbox::close() {
  closed_ = 1;
}

ONESOCK_INLINE void Mailbox::wake() {
  if (awake_.exchange(1) == 0) os::wake(waker_);
}

}  // namespace detail
ONESOCK_END_NAMESPACE
