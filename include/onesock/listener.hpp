// onesock: what every on_...() takes: any callable, with the event's arguments or none.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "config.hpp"

ONESOCK_BEGIN_NAMESPACE

class Error;

namespace detail {

struct CallOperator {
  void operator()();
};

template <class F>
struct WithCallOperator : F, CallOperator {};

template <class F, class = void>
struct CallOperatorIsUnique : std::false_type {};

template <class F>
struct CallOperatorIsUnique<F, std::void_t<decltype(&WithCallOperator<F>::operator())>>
    : std::true_type {};

/// Whether F can be called with anything at all, so that a wrong callable is told in words and a
/// text is no candidate: an operator() of its own, even a template, makes the one put beside it
/// ambiguous. False for a final class, which cannot be asked.
template <class F, bool = std::is_class_v<F> && !std::is_final_v<F>>
struct IsCallable : std::bool_constant<!CallOperatorIsUnique<F>::value> {};

template <class F>
struct IsCallable<F, false>
    : std::bool_constant<std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>> {};

template <class F, class... Args>
struct TakesAllOrNone : std::disjunction<std::is_invocable<F&, Args...>, std::is_invocable<F&>> {};

/// A callable that may hold nothing (a std::function, a pointer, a Listener) and does.
template <class F>
bool holds_nothing([[maybe_unused]] const F& callable) {
  if constexpr (std::is_constructible_v<F, std::nullptr_t> &&
                std::is_constructible_v<bool, const F&>) {
    return !static_cast<bool>(callable);
  } else {
    return false;
  }
}

}  // namespace detail

/// What an event calls: any callable, move-only ones too, that takes the event's arguments or none.
///
/// If it can take the arguments it gets them. What it returns is ignored. Made from nothing,
/// `nullptr`, an empty `std::function` or a null pointer it is empty: events ignore it, calling it
/// does nothing. Move-only, one pointer in size.
template <class... Args>
class Listener {
 public:
  /// An empty one.
  Listener() = default;
  /// An empty one.
  Listener(std::nullptr_t) noexcept {}
  /// Takes any callable over.
  template <class F, class Callable = std::decay_t<F>,
            std::enable_if_t<!std::is_same_v<Callable, Listener>, int> = 0,
            std::enable_if_t<
                std::disjunction_v<detail::IsCallable<Callable>,
                                   std::conjunction<std::is_final<Callable>,
                                                    detail::TakesAllOrNone<Callable, Args...>>>,
                int> = 0>
  Listener(F&& callable) {
    static_assert(detail::TakesAllOrNone<Callable, Args...>::value,
                  "onesock: a listener takes the event's arguments (Args of Listener in this "
                  "message) or none");
    if (detail::holds_nothing<Callable>(callable)) return;
    held_ = std::make_unique<Held<Callable>>(std::forward<F>(callable));
  }

  /// True unless empty.
  explicit operator bool() const noexcept { return held_ != nullptr; }

  /// Calls it, if it is not empty.
  void operator()(Args... args) const {
    if (held_) held_->call(std::forward<Args>(args)...);
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void call(Args... args) = 0;
  };

  template <class Callable>
  struct Held final : Base {
    explicit Held(Callable callable) : callable_(std::move(callable)) {}

    void call([[maybe_unused]] Args... args) override {
      if constexpr (std::is_invocable_v<Callable&, Args...>) {
        static_cast<void>(callable_(std::forward<Args>(args)...));
      } else if constexpr (std::is_invocable_v<Callable&>) {
        static_cast<void>(callable_());
      }
    }

    Callable callable_;
  };

  std::unique_ptr<Base> held_;
};

/// What a timer or post() runs; takes nothing.
using Task = Listener<>;
/// What write(), end() and close() call when they are done: exactly once, with an Error that is
/// false on success. `[](const onesock::Error& error) { ... }` or `[] { ... }`.
using Done = Listener<const Error&>;

ONESOCK_END_NAMESPACE
