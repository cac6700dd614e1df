// onesock: the listeners of one event: their order, and that they may do anything in a firing.
// SPDX-License-Identifier: MIT

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support.hpp"
#include "onesock.hpp"

using onesock::detail::Event;

static_assert(sizeof(Event<>) == sizeof(void*) && sizeof(Event<int, bool>) == sizeof(void*));
static_assert(!std::is_copy_constructible_v<Event<>> && !std::is_copy_assignable_v<Event<>>);
static_assert(std::is_nothrow_move_constructible_v<Event<>>);
static_assert(std::is_nothrow_move_assignable_v<Event<>>);

using support::AtDestruction;

namespace {

/// A listener that writes one letter, and counts as alive while anything holds it.
struct Letters {
  std::string told;
  std::shared_ptr<int> alive = std::make_shared<int>(0);

  auto letter(char c) {
    return [this, c, held = alive] { told += c; };
  }
  long held() const { return alive.use_count() - 1; }
};

}  // namespace

TEST_CASE("listeners are called in the order they came, each time", "[event]") {
  Letters letters;
  Event<> event;
  CHECK(event.empty());
  event.fire();
  event.add(letters.letter('a'));
  event.add(letters.letter('b'));
  event.add(letters.letter('c'));
  CHECK_FALSE(event.empty());
  event.fire();
  event.fire();
  CHECK(letters.told == "abcabc");
}

TEST_CASE("every listener gets the same arguments", "[event]") {
  Event<int&, std::string> event;
  std::string told;
  const auto take = [&told](int& number, std::string text) { told += text + char('0' + number++); };
  event.add(take);
  event.add(take);
  event.add([&told] { told += '!'; });
  int number = 1;
  event.fire(number, "x");
  CHECK(told == "x1x2!");
  CHECK(number == 3);
}

TEST_CASE("an empty listener is ignored", "[event]") {
  Event<int> event;
  event.add(nullptr);
  event.add(std::function<void(int)>());
  CHECK(event.empty());
  event.fire(1);
}

TEST_CASE("clear removes and destroys all, and the event can be used again", "[event]") {
  Letters letters;
  Event<> event;
  event.add(letters.letter('a'));
  event.add(letters.letter('b'));
  CHECK(letters.held() == 2);
  event.clear();
  CHECK(event.empty());
  CHECK(letters.held() == 0);
  event.clear();
  event.fire();
  event.add(letters.letter('c'));
  event.fire();
  CHECK(letters.told == "c");
}

TEST_CASE("a listener added in a firing waits for the next", "[event]") {
  Letters letters;
  Event<> event;
  event.add([&] {
    letters.told += '1';
    event.add(letters.letter('n'));
  });
  event.add(letters.letter('2'));
  event.fire();
  CHECK(letters.told == "12");
  event.fire();
  CHECK(letters.told == "1212n");
}

TEST_CASE("a listener cleared in a firing is still called, and gone after it", "[event]") {
  Letters letters;
  Event<> event;
  event.add([&, alive = letters.alive] {
    letters.told += '1';
    event.clear();
    CHECK(event.empty());
    CHECK(letters.held() == 2);
  });
  event.add(letters.letter('2'));
  event.fire();
  CHECK(letters.told == "12");
  CHECK(letters.held() == 0);
  event.fire();
  CHECK(letters.told == "12");
}

TEST_CASE("what is added after a clear in a firing is a new life", "[event]") {
  Letters letters;
  Event<> event;
  event.add([&] {
    letters.told += '1';
    event.clear();
    event.add(letters.letter('n'));
  });
  event.add(letters.letter('2'));
  event.fire();
  CHECK(letters.told == "12");
  event.fire();
  CHECK(letters.told == "12n");
}

TEST_CASE("an event fires inside its own firing", "[event]") {
  Letters letters;
  Event<int> event;
  event.add([&](int depth) {
    letters.told += static_cast<char>('0' + depth);
    if (depth < 2) event.fire(depth + 1);
  });
  event.add([&](int depth) { letters.told += static_cast<char>('a' + depth); });
  event.fire(0);
  CHECK(letters.told == "012cba");
}

TEST_CASE("a clear in a nested firing leaves the outer ones their listeners", "[event]") {
  Letters letters;
  Event<int> event;
  event.add([&](int depth) {
    if (depth == 0) event.fire(1);
    if (depth == 1) event.clear();
  });
  event.add(letters.letter('x'));
  event.fire(0);
  CHECK(letters.told == "xx");
  CHECK(letters.held() == 0);
}

#ifndef ONESOCK_NO_EXCEPTIONS
TEST_CASE("a throwing listener skips the later ones of this firing only", "[event][exceptions]") {
  Letters letters;
  Event<> event;
  bool throws = true;
  event.add(letters.letter('a'));
  event.add([&throws] {
    if (throws) throw std::runtime_error("mine");
  });
  event.add(letters.letter('b'));
  CHECK_THROWS_AS(event.fire(), std::runtime_error);
  CHECK(letters.told == "a");
  throws = false;
  event.fire();
  CHECK(letters.told == "aab");
  event.clear();
  CHECK(letters.held() == 0);
}

TEST_CASE("a listener that clears and throws leaks nothing", "[event][exceptions]") {
  Letters letters;
  Event<> event;
  event.add([&, alive = letters.alive] {
    event.clear();
    throw std::runtime_error("mine");
  });
  event.add(letters.letter('b'));
  CHECK_THROWS_AS(event.fire(), std::runtime_error);
  CHECK(letters.told.empty());
  CHECK(letters.held() == 0);
  CHECK(event.empty());
}
#endif

TEST_CASE("the event may be destroyed by its listener", "[event]") {
  Letters letters;
  auto event = std::make_unique<Event<>>();
  event->add([&, alive = letters.alive] {
    letters.told += '1';
    event.reset();
  });
  event->add(letters.letter('2'));
  event->fire();
  CHECK(letters.told == "12");
  CHECK(letters.held() == 0);
}

#ifndef ONESOCK_NO_EXCEPTIONS
TEST_CASE("the event may be destroyed in a nested firing, by one that throws",
          "[event][exceptions]") {
  Letters letters;
  auto event = std::make_unique<Event<int>>();
  event->add([&, alive = letters.alive](int depth) {
    if (depth == 0) event->fire(1);
    if (depth == 0) return;
    event.reset();
    throw std::runtime_error("mine");
  });
  event->add(letters.letter('2'));
  CHECK_THROWS_AS(event->fire(0), std::runtime_error);
  CHECK(letters.told.empty());
  CHECK(letters.held() == 0);
}
#endif

TEST_CASE("an event moves with its listeners, in a firing too", "[event]") {
  Letters letters;
  Event<> first;
  Event<> second;
  second.add(letters.letter('x'));
  first.add([&] {
    letters.told += '1';
    second = std::move(first);
    first.add(letters.letter('n'));
  });
  first.add(letters.letter('2'));
  first.fire();
  CHECK(letters.told == "12");
  first.fire();
  CHECK(letters.told == "12n");
  Event<> third(std::move(second));
  CHECK(second.empty());
  CHECK_FALSE(third.empty());
}
