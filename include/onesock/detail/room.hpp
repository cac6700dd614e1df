// onesock: giving back the memory that a crowd needed, once it has gone.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "../config.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// Over four times what is needed, so that who comes and goes costs no allocation each time; and a
/// little room is always kept.
constexpr bool is_too_much_room(std::size_t room, std::size_t needed) {
  return room / 4 > needed + 16;
}

/// `needed` is what it will hold soon; it holds no more now.
template <typename Value>
void release_room(std::vector<Value>& values, std::size_t needed) {
  if (!is_too_much_room(values.capacity(), needed)) return;
  // shrink_to_fit() of libstdc++ does nothing under -fno-exceptions.
  std::vector<Value> smaller;
  smaller.reserve(needed);
  smaller.assign(std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
  values.swap(smaller);
}

template <typename Key, typename Value>
void release_room(std::unordered_map<Key, Value>& values) {
  if (is_too_much_room(values.bucket_count(), values.size())) values.rehash(0);
}

}  // namespace detail
ONESOCK_END_NAMESPACE
