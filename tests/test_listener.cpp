// onesock: what every on_...() takes: which callables, how they are called, when they are nothing.
// SPDX-License-Identifier: MIT

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"

using onesock::Done;
using onesock::Error;
using onesock::Listener;
using onesock::Task;

static_assert(sizeof(Task) == sizeof(void*) && sizeof(Done) == sizeof(void*));
static_assert(!std::is_copy_constructible_v<Done> && !std::is_copy_assignable_v<Done>);
static_assert(std::is_nothrow_move_constructible_v<Done>);
static_assert(std::is_nothrow_move_assignable_v<Done>);

// What is no callable is no candidate, so that end("text") and end(done) can stand side by side.
static_assert(!std::is_convertible_v<const char (&)[5], Done>);
static_assert(!std::is_convertible_v<std::string, Done>);
static_assert(!std::is_convertible_v<std::string_view, Done>);
static_assert(!std::is_convertible_v<std::vector<unsigned char>, Done>);
static_assert(!std::is_convertible_v<std::array<char, 3>, Done>);
static_assert(!std::is_convertible_v<int, Done> && !std::is_convertible_v<void*, Done>);
static_assert(!std::is_convertible_v<Error, Done>);
static_assert(!std::is_convertible_v<const std::string& (Error::*)() const noexcept, Done>);

namespace {

int calls_of_function = 0;
void count_a_call() {
  ++calls_of_function;
}

struct Counter {
  int count = 0;
  void add(int by) { count += by; }
};

/// A callable that asks its destruction to be counted.
struct Tracked {
  std::shared_ptr<int> alive;
  void operator()() const {}
};

struct FinalCallable final {
  int* sum;
  void operator()(int by) const { *sum += by; }
};

/// Overloads as `end` has them.
std::string chosen(std::string_view) {
  return "text";
}
std::string chosen(const Done&) {
  return "done";
}

}  // namespace

TEST_CASE("a listener takes the event's arguments or none", "[listener]") {
  int sum = 0;
  Listener<int, bool> both([&sum](int by, bool) { sum += by; });
  Listener<int, bool> none([&sum] { sum += 100; });
  both(3, true);
  none(3, true);
  CHECK(sum == 103);
}

TEST_CASE("a callable that takes both gets the arguments", "[listener]") {
  struct Either {
    std::string* told;
    [[maybe_unused]] void operator()() const { *told = "none"; }
    void operator()(int) const { *told = "one"; }
  };
  std::string told;
  Listener<int>(Either{&told})(1);
  CHECK(told == "one");
  std::size_t count = 99;
  Listener<int, bool, char>([&count](auto&&... all) { count = sizeof...(all); })(1, true, 'c');
  CHECK(count == 3);
  int got = 0;
  Listener<int>([&got](auto x) { got = x; })(7);
  CHECK(got == 7);
}

TEST_CASE("references are passed on, never copied", "[listener]") {
  Counter counter;
  Listener<Counter&>([](Counter& each) { each.add(2); })(counter);
  Listener<Counter&>([](auto& each) { each.add(3); })(counter);
  CHECK(counter.count == 5);
  const Error error(std::string("mine"));
  const Error* seen = nullptr;
  Done([&seen](const Error& told) { seen = &told; })(error);
  CHECK(seen == &error);
}

TEST_CASE("a value is moved into a callable that takes it by value", "[listener]") {
  std::unique_ptr<int> got;
  Listener<std::unique_ptr<int>> listener([&got](std::unique_ptr<int> x) { got = std::move(x); });
  listener(std::make_unique<int>(5));
  REQUIRE(got);
  CHECK(*got == 5);
}

TEST_CASE("move-only and mutable callables work", "[listener]") {
  int last = 0;
  auto owned = std::make_unique<int>(5);
  Task task([owned = std::move(owned), &last]() mutable { last = ++*owned; });
  task();
  task();
  CHECK(last == 7);
}

TEST_CASE("functions and function objects work", "[listener]") {
  calls_of_function = 0;
  Task{count_a_call}();
  Task{&count_a_call}();
  Listener<int>{count_a_call}(1);
  CHECK(calls_of_function == 3);
  int sum = 0;
  Listener<int>(FinalCallable{&sum})(6);
  Listener<int>(std::function<void(int)>([&sum](int by) { sum += by; }))(5);
  CHECK(sum == 11);
}

TEST_CASE("what the callable returns is ignored", "[listener]") {
  int calls = 0;
  Listener<int>([&calls](int) { return ++calls; })(0);
  Listener<int>([&calls] { return std::string(1, static_cast<char>('a' + ++calls)); })(0);
  CHECK(calls == 2);
}

TEST_CASE("nothing makes an empty listener, and calling that does nothing", "[listener]") {
  void (*null_function)() = nullptr;
  CHECK_FALSE(Task());
  CHECK_FALSE(Task(nullptr));
  CHECK_FALSE(Task(null_function));
  CHECK_FALSE(Task(std::function<void()>()));
  CHECK_FALSE(Done(std::function<void(const Error&)>()));
  CHECK_FALSE(Done(Task()));
  CHECK(Task([] {}));
  CHECK(Task(std::function<void()>([] {})));
  Task{}();
  Done{}(Error());
}

TEST_CASE("a listener moves into another and leaves nothing behind", "[listener]") {
  int calls = 0;
  Task first([&calls] { ++calls; });
  Task second(std::move(first));
  CHECK_FALSE(first);
  Task third;
  third = std::move(second);
  CHECK_FALSE(second);
  third();
  CHECK(calls == 1);
  third = nullptr;
  CHECK_FALSE(third);
}

TEST_CASE("a listener of no arguments serves an event that has some", "[listener]") {
  int calls = 0;
  Done done(Task([&calls] { ++calls; }));
  done(Error());
  CHECK(calls == 1);
}

TEST_CASE("the callable is destroyed with its listener, once", "[listener]") {
  const auto alive = std::make_shared<int>(0);
  {
    Task task(Tracked{alive});
    CHECK(alive.use_count() == 2);
    Task moved(std::move(task));
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a callable given as an lvalue is copied", "[listener]") {
  int sum = 0;
  auto add = [&sum, count = 0](int by) mutable { sum += by + count++; };
  Listener<int> one(add);
  Listener<int> two(add);
  one(10);
  one(10);
  two(100);
  CHECK(sum == 121);
}

TEST_CASE("text and callables choose the right overload", "[listener]") {
  CHECK(chosen("text") == "text");
  CHECK(chosen(std::string("text")) == "text");
  CHECK(chosen([] {}) == "done");
  CHECK(chosen([](const Error&) {}) == "done");
  CHECK(chosen([](auto&&...) {}) == "done");
}
