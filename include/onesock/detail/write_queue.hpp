// onesock: the bytes of one connection that the system had no room for yet.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "../buffer.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// A queue of bytes in chunks: small writes share one, so that they leave in one send; an empty
/// queue holds no memory.
class WriteQueue {
 public:
  void push(BufferView data);
  /// What to send next; empty when nothing is queued.
  BufferView front() const;
  /// So many bytes of front() were sent.
  void consume(std::size_t bytes);
  void clear();
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  BufferView fill_last_chunk(BufferView data);

  std::list<std::vector<std::uint8_t>> chunks_;
  std::size_t consumed_ = 0;  // Of the first chunk.
  std::size_t size_ = 0;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
