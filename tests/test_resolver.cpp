// onesock: Resolver: names to addresses on threads of its own.
// SPDX-License-Identifier: MIT

#include "catch.hpp"
#include "onesock.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

using onesock::Address;
using onesock::Error;
using onesock::Family;
using onesock::Task;
using onesock::detail::Interest;
using onesock::detail::Mailbox;
using onesock::detail::Poller;
using onesock::detail::Resolver;

namespace {

/// A mailbox, its resolver, and the owner that waits for both.
struct Office {
  Office() {
    REQUIRE_FALSE(Mailbox::open(mailbox));
    resolver = std::make_shared<Resolver>(mailbox);
    REQUIRE_FALSE(poller.watch(mailbox->waker(), Interest::read));
  }
  ~Office() { poller.forget(mailbox->waker()); }

  /// Waits until `count` tasks are there.
  void collect(std::size_t count) {
    while (tasks.size() < count) {
      std::vector<onesock::detail::Readiness> ready;
      REQUIRE_FALSE(poller.wait(std::chrono::seconds(30), ready));
      REQUIRE_FALSE(ready.empty());
      mailbox->collect(tasks);
    }
  }
  /// Runs the next task, waiting for it.
  void run_one() {
    collect(1);
    const auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }

  std::shared_ptr<Mailbox> mailbox;
  std::shared_ptr<Resolver> resolver;
  Poller poller;
  std::deque<Task> tasks;
};

struct Answer {
  bool is_told = false;
  std::error_code code;
  std::vector<Address> addresses;
};

Answer look_up(Office& office, const std::string& host, Family family = Family::any) {
  Answer answer;
  office.resolver->resolve(host, family,
                           [&](std::error_code code, const std::vector<Address>& addresses) {
                             answer = {true, code, addresses};
                           });
  CHECK_FALSE(answer.is_told);
  office.run_one();
  CHECK(answer.is_told);
  return answer;
}

}  // namespace

TEST_CASE("localhost is loopback", "[resolver]") {
  Office office;
  const auto answer = look_up(office, "localhost");
  CHECK_FALSE(answer.code);
  REQUIRE_FALSE(answer.addresses.empty());
  for (const auto& address : answer.addresses) {
    CHECK((address.host == "127.0.0.1" || address.host == "::1"));
    CHECK(address.port == 0);
  }
}

TEST_CASE("a look-up of one family gives no other", "[resolver]") {
  Office office;
  const auto answer = look_up(office, "localhost", Family::ipv4);
  CHECK_FALSE(answer.code);
  REQUIRE(answer.addresses.size() == 1);
  CHECK(answer.addresses.front() == Address::from_ip("127.0.0.1", 0));
}

TEST_CASE("a name that cannot be one is ENOTFOUND", "[resolver]") {
  Office office;
  for (const auto& host :
       {std::string(), std::string("a\0b", 3), std::string(256, 'x'), std::string(100000, 'x')}) {
    const auto answer = look_up(office, host);
    CHECK((answer.code == onesock::ResolveError::not_found));
    CHECK(answer.addresses.empty());
  }
}

TEST_CASE("a name that nobody has is told as such, with and without a network", "[resolver]") {
  Office office;
  const auto answer = look_up(office, "no-such-name.invalid");
  const Error error("getaddrinfo", answer.code);
  CHECK((error.name() == "ENOTFOUND" || error.name() == "EAI_AGAIN"));
  CHECK(answer.addresses.empty());
}

TEST_CASE("of many look-ups at most four are under way, and all are answered", "[resolver]") {
  constexpr int count = 20;
  Office office;
  int answered = 0;
  for (int i = 0; i < count; ++i) {
    office.resolver->resolve("localhost", Family::any, [&] { ++answered; });
  }
  // A thread is free again only when its answer was taken: no fifth answer can come before that.
  office.collect(4);
  CHECK(office.tasks.size() == 4);
  for (int i = 0; i < count; ++i) office.run_one();
  CHECK(answered == count);
  CHECK(office.tasks.empty());
}

TEST_CASE("a cancelled look-up is not answered", "[resolver]") {
  Office office;
  bool first = false;
  bool second = false;
  const auto id = office.resolver->resolve("localhost", Family::any, [&] { first = true; });
  office.resolver->resolve("localhost", Family::any, [&] { second = true; });
  office.resolver->cancel(id);
  office.resolver->cancel(id);
  office.run_one();
  office.run_one();
  CHECK_FALSE(first);
  CHECK(second);
}

TEST_CASE("cancel lets go of the answer, and of a look-up that waits for its turn", "[resolver]") {
  Office office;
  const auto held = std::make_shared<int>(0);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(office.resolver->resolve("localhost", Family::any, [held] {}));
  }
  for (const auto id : ids) office.resolver->cancel(id);
  CHECK(held.use_count() == 1);
  bool told = false;
  office.resolver->resolve("localhost", Family::any, [&] { told = true; });
  // The four under way, then the new one: the six that waited are gone.
  for (int i = 0; i < 5; ++i) office.run_one();
  CHECK(told);
}

TEST_CASE("a look-up may be asked for inside an answer", "[resolver]") {
  Office office;
  bool told = false;
  office.resolver->resolve("localhost", Family::any, [&] {
    office.resolver->resolve("localhost", Family::any, [&] { told = true; });
  });
  office.run_one();
  CHECK_FALSE(told);
  office.run_one();
  CHECK(told);
}

TEST_CASE("a resolver that goes waits for nobody, and lets go of the answers", "[resolver]") {
  Office office;
  const auto held = std::make_shared<int>(0);
  bool told = false;
  for (int i = 0; i < 10; ++i) {
    office.resolver->resolve("localhost", Family::any, [held, &told] { told = true; });
  }
  office.resolver.reset();
  CHECK(held.use_count() == 1);
  office.collect(4);
  for (const auto& task : office.tasks) task();
  CHECK_FALSE(told);
}

TEST_CASE("late answers to a mailbox that is closed or gone are dropped", "[resolver]") {
  std::weak_ptr<Mailbox> mailbox;
  {
    Office office;
    mailbox = office.mailbox;
    for (int i = 0; i < 10; ++i) office.resolver->resolve("localhost", Family::any, [] {});
    office.mailbox->close();
  }
  // The threads hold the mailbox while they look up, and their letters never do.
  const auto begin = std::chrono::steady_clock::now();
  while (!mailbox.expired() &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) {
  }
  CHECK(mailbox.expired());
}
