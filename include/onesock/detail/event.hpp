// onesock: the listeners of one event, in the order they came; safe whatever they do in a firing.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

#include "../listener.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// One event of one object: one pointer in size while nobody listens.
///
/// A listener may do anything while the event fires: add and clear listeners, fire it again, throw,
/// destroy the event. As Node's EventEmitter: who is added in a firing is not called in it, who is
/// cleared in a firing still is; when one throws, the later ones are skipped.
template <class... Args>
class Event {
 public:
  Event() = default;
  Event(Event&& other) noexcept = default;
  Event& operator=(Event&& other) noexcept = default;
  ~Event() { clear(); }

  /// Adds it behind the others; an empty one is ignored.
  void add(Listener<Args...> listener) {
    if (!listener) return;
    if (!list_) list_.reset(new List);
    list_->listeners.push_back(std::move(listener));
  }

  /// Removes all.
  void clear() { list_.reset(); }

  bool empty() const { return !list_; }

  /// Calls each with the arguments. Touches nothing of the event after the first call.
  void fire(Args... args) {
    if (!list_) return;
    const Firing firing(*list_);
    auto listener = firing.list.listeners.begin();
    // The count at the start tells where those added in the firing begin.
    for (auto left = firing.list.listeners.size(); left > 0; --left, ++listener)
      (*listener)(args...);
  }

 private:
  struct List {
    std::list<Listener<Args...>> listeners;
    std::size_t firing = 0;
    bool dropped = false;
  };

  /// A list in a firing is left to the last firing of it.
  struct Drop {
    void operator()(List* list) const {
      if (list->firing == 0) {
        delete list;
      } else {
        list->dropped = true;
      }
    }
  };

  struct Firing {
    explicit Firing(List& fired) : list(fired) { ++list.firing; }
    Firing(const Firing&) = delete;
    Firing& operator=(const Firing&) = delete;
    ~Firing() {
      if (--list.firing == 0 && list.dropped) delete &list;
    }
    List& list;
  };

  std::unique_ptr<List, Drop> list_;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
