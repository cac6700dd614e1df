// onesock: the body of WriteQueue.
// SPDX-License-Identifier: MIT

#include "write_queue.hpp"

#include <algorithm>

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE void WriteQueue::push(BufferView data) {
  size_ += data.size();
  if (!chunks_.empty()) data = fill_last_chunk(data);
  if (data.empty()) return;
  // Alone it takes what it needs; a second one shows that more will come.
  constexpr std::size_t chunk_size = 16 * 1024;
  const auto room = chunks_.empty() ? data.size() : (std::max)(data.size(), chunk_size);
  chunks_.emplace_back();
  chunks_.back().reserve(room);
  fill_last_chunk(data);
}

/// Returns what did not fit.
ONESOCK_INLINE BufferView WriteQueue::fill_last_chunk(BufferView data) {
  auto& chunk = chunks_.back();
  const auto fits = (std::min)(chunk.capacity() - chunk.size(), data.size());
  chunk.insert(chunk.end(), data.data(), data.data() + fits);
  return BufferView(data.data() + fits, data.size() - fits);
}

ONESOCK_INLINE BufferView WriteQueue::front() const {
  if (chunks_.empty()) return {};
  const auto& chunk = chunks_.front();
  return BufferView(chunk.data() + consumed_, chunk.size() - consumed_);
}

ONESOCK_INLINE void WriteQueue::consume(std::size_t bytes) {
  consumed_ += bytes;
  size_ -= bytes;
  if (chunks_.empty() || consumed_ < chunks_.front().size()) return;
  chunks_.pop_front();
  consumed_ = 0;
}

ONESOCK_INLINE void WriteQueue::clear() {
  chunks_.clear();
  consumed_ = 0;
  size_ = 0;
}

}  // namespace detail
ONESOCK_END_NAMESPACE
