// onesock: Mailbox: tasks from other threads, and the waker that ends a wait.
// SPDX-License-Identifier: MIT

#include "catch.hpp"
#include "support.hpp"
#include "onesock.hpp"
#include "thread.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

using onesock::Task;
using onesock::detail::Interest;
using onesock::detail::Mailbox;
using onesock::detail::Poller;
using std::chrono::milliseconds;

using support::patience;

namespace {

std::shared_ptr<Mailbox> open_mailbox() {
  std::shared_ptr<Mailbox> mailbox;
  REQUIRE_FALSE(Mailbox::open(mailbox));
  return mailbox;
}

/// The owner's side: waits for the waker as a loop does.
class Owner {
 public:
  explicit Owner(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {
    REQUIRE_FALSE(poller_.watch(mailbox_->waker(), Interest::read));
  }
  ~Owner() { poller_.forget(mailbox_->waker()); }

  /// Whether it is woken within `timeout`.
  bool is_woken(milliseconds timeout) {
    const auto begin = std::chrono::steady_clock::now();
    do {
      REQUIRE_FALSE(poller_.wait(timeout, ready_));
    } while (ready_.empty() && std::chrono::steady_clock::now() - begin < timeout);
    return !ready_.empty();
  }

  std::deque<Task> collect() {
    std::deque<Task> tasks;
    mailbox_->collect(tasks);
    return tasks;
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Poller poller_;
  std::vector<onesock::detail::Readiness> ready_;
};

}  // namespace

TEST_CASE("tasks are collected in the order they were posted", "[mailbox]") {
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  std::vector<int> told;
  CHECK_FALSE(mailbox->has_tasks());
  for (int i = 0; i < 5; ++i) mailbox->post([&told, i] { told.push_back(i); });
  CHECK(mailbox->has_tasks());
  for (const auto& task : owner.collect()) task();
  CHECK(told == std::vector<int>{0, 1, 2, 3, 4});
  CHECK_FALSE(mailbox->has_tasks());
  CHECK(owner.collect().empty());
}

TEST_CASE("collected tasks go behind those that wait already", "[mailbox]") {
  const auto mailbox = open_mailbox();
  std::vector<int> told;
  std::deque<Task> tasks;
  tasks.push_back([&] { told.push_back(1); });
  mailbox->post([&] { told.push_back(2); });
  mailbox->collect(tasks);
  for (const auto& task : tasks) task();
  CHECK(told == std::vector<int>{1, 2});
}

TEST_CASE("the waker is ready from a post until the tasks are collected", "[mailbox]") {
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  for (int round = 0; round < 3; ++round) {
    CHECK_FALSE(owner.is_woken(milliseconds(0)));
    mailbox->post([] {});
    mailbox->post([] {});
    CHECK(owner.is_woken(patience));
    CHECK(owner.is_woken(patience));
    CHECK(owner.collect().size() == 2);
  }
  CHECK_FALSE(owner.is_woken(milliseconds(0)));
}

TEST_CASE("a post on another thread ends a wait without limit", "[mailbox]") {
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  support::Thread poster([&] { mailbox->post([] {}); });
  CHECK(owner.is_woken(patience));
  poster.join();
  CHECK(owner.collect().size() == 1);
}

TEST_CASE("each thread's tasks stay in order, and none is lost or keeps the owner asleep",
          "[mailbox]") {
  constexpr int threads = 4;
  constexpr int tasks_each = 5000;
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  std::vector<int> next(threads, 0);
  int out_of_order = 0;
  std::vector<support::Thread> posters;
  for (int thread = 0; thread < threads; ++thread) {
    posters.emplace_back([&, thread] {
      for (int i = 0; i < tasks_each; ++i) {
        mailbox->post([&, thread, i] {
          auto& expected = next[static_cast<std::size_t>(thread)];
          if (i != expected) ++out_of_order;
          expected = i + 1;
        });
      }
    });
  }
  int run = 0;
  bool is_asleep = false;
  while (run < threads * tasks_each && !is_asleep) {
    is_asleep = !owner.is_woken(patience);
    for (const auto& task : owner.collect()) {
      task();
      ++run;
    }
  }
  for (auto& poster : posters) poster.join();
  CHECK(run == threads * tasks_each);
  CHECK(out_of_order == 0);
  owner.collect();
  CHECK_FALSE(owner.is_woken(milliseconds(0)));
}

TEST_CASE("one post at a time wakes the owner each time", "[mailbox]") {
  constexpr int rounds = 2000;
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  std::atomic<int> taken{0};
  support::Thread poster([&] {
    for (int i = 0; i < rounds; ++i) {
      mailbox->post([&] { ++taken; });
      while (taken <= i) support::yield();
    }
  });
  while (taken < rounds) {
    REQUIRE(owner.is_woken(patience));
    for (const auto& task : owner.collect()) task();
  }
  poster.join();
  CHECK(taken == rounds);
}

TEST_CASE("stop wakes, and is taken once", "[mailbox]") {
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  CHECK_FALSE(mailbox->take_stop());
  support::Thread stopper([&] { mailbox->stop(); });
  CHECK(owner.is_woken(patience));
  stopper.join();
  CHECK(mailbox->take_stop());
  CHECK_FALSE(mailbox->take_stop());
  CHECK(owner.collect().empty());
  CHECK_FALSE(owner.is_woken(milliseconds(0)));
}

TEST_CASE("a stop that was not taken yet wakes the owner although tasks were collected",
          "[mailbox]") {
  const auto mailbox = open_mailbox();
  Owner owner(mailbox);
  mailbox->stop();
  CHECK(owner.collect().empty());
  CHECK(owner.is_woken(milliseconds(0)));
  CHECK(mailbox->take_stop());
  owner.collect();
  CHECK_FALSE(owner.is_woken(milliseconds(0)));
}

TEST_CASE("what is posted after close is dropped at once, what waits is still collected",
          "[mailbox]") {
  const auto mailbox = open_mailbox();
  const auto held = std::make_shared<int>(0);
  mailbox->post([held] {});
  mailbox->close();
  mailbox->post([held] {});
  CHECK(held.use_count() == 2);
  std::deque<Task> tasks;
  mailbox->collect(tasks);
  CHECK(tasks.size() == 1);
}

TEST_CASE("a mailbox that goes drops its tasks unrun", "[mailbox]") {
  auto mailbox = open_mailbox();
  const auto held = std::make_shared<int>(0);
  bool told = false;
  mailbox->post([held, &told] { told = true; });
  mailbox.reset();
  CHECK(held.use_count() == 1);
  CHECK_FALSE(told);
}

TEST_CASE("posts that race with close are dropped with the mailbox at the latest", "[mailbox]") {
  for (int round = 0; round < 50; ++round) {
    auto mailbox = open_mailbox();
    const auto held = std::make_shared<int>(0);
    support::Thread poster([mailbox, held] {
      for (int i = 0; i < 20; ++i) mailbox->post([held] {});
    });
    mailbox->close();
    mailbox.reset();
    poster.join();
    CHECK(held.use_count() == 1);
  }
}
