// onesock: the bodies of buffer.hpp.
// SPDX-License-Identifier: MIT

#include "buffer.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>

ONESOCK_BEGIN_NAMESPACE

namespace detail {

// What Node's util.inspect shows of a Buffer (buffer.INSPECT_MAX_BYTES).
inline constexpr std::size_t inspected_bytes = 50;

ONESOCK_INLINE std::size_t Offset::within(std::size_t size) const noexcept {
  const std::int64_t length = Offset(size).value;
  const std::int64_t from_start = value < 0 ? value + length : value;
  return static_cast<std::size_t>(std::clamp(from_start, std::int64_t{0}, length));
}

/// How far a byte of a number is shifted: `index` is its place in memory.
inline std::size_t byte_shift(std::size_t index, std::size_t width, ByteOrder order) {
  return 8 * (order == ByteOrder::little ? index : width - 1 - index);
}

ONESOCK_INLINE std::string ByteReader::utf8() const {
  return decode(raw(), Encoding::utf8);
}

ONESOCK_INLINE std::string ByteReader::hex() const {
  return decode(raw(), Encoding::hex);
}

ONESOCK_INLINE std::string ByteReader::base64() const {
  return decode(raw(), Encoding::base64);
}

ONESOCK_INLINE std::string ByteReader::to_string(Encoding encoding, std::size_t start,
                                                 std::size_t end) const {
  return decode(slice(start, end), encoding);
}

ONESOCK_INLINE std::string ByteReader::inspect() const {
  std::string text = "<Buffer ";
  for (std::size_t at = 0; at < (std::min)(size_, inspected_bytes); ++at) {
    if (at > 0) text += ' ';
    text += slice(at, at + 1).hex();
  }
  if (size_ > inspected_bytes) {
    const std::size_t more = size_ - inspected_bytes;
    text += " ... " + std::to_string(more) + (more == 1 ? " more byte" : " more bytes");
  }
  return text + '>';
}

ONESOCK_INLINE BufferView ByteReader::slice(Offset start, Offset end) const noexcept {
  const std::size_t first = start.within(size_);
  const std::size_t last = (std::max)(first, end.within(size_));
  return BufferView(raw().substr(first, last - first), encoding_);
}

ONESOCK_INLINE std::size_t ByteReader::index_of(BufferView needle, Offset from) const noexcept {
  return raw().find(needle.raw(), from.within(size_));
}

ONESOCK_INLINE std::size_t ByteReader::index_of(std::uint8_t octet, Offset from) const noexcept {
  return index_of(BufferView(&octet, 1), from);
}

ONESOCK_INLINE std::size_t ByteReader::last_index_of(BufferView needle,
                                                     Offset from) const noexcept {
  const bool before_the_start = from.value < 0 && from.value + Offset(size_).value < 0;
  if (before_the_start && !needle.empty()) return npos;
  return raw().rfind(needle.raw(), from.within(size_));
}

ONESOCK_INLINE std::size_t ByteReader::last_index_of(std::uint8_t octet,
                                                     Offset from) const noexcept {
  return last_index_of(BufferView(&octet, 1), from);
}

ONESOCK_INLINE bool ByteReader::includes(BufferView needle, Offset from) const noexcept {
  return index_of(needle, from) != npos;
}

ONESOCK_INLINE bool ByteReader::includes(std::uint8_t octet, Offset from) const noexcept {
  return index_of(octet, from) != npos;
}

ONESOCK_INLINE int ByteReader::compare(BufferView other) const noexcept {
  const int order = raw().compare(other.raw());
  return static_cast<int>(order > 0) - static_cast<int>(order < 0);
}

ONESOCK_INLINE bool ByteReader::equals(BufferView other) const noexcept {
  return raw() == other.raw();
}

ONESOCK_INLINE std::size_t ByteReader::copy(Buffer& target,
                                            std::size_t target_start) const noexcept {
  if (empty() || target_start >= target.size()) return 0;
  const std::size_t count = (std::min)(size_, target.size() - target_start);
  std::memmove(target.data() + target_start, data_, count);
  return count;
}

ONESOCK_INLINE bool ByteReader::can_read(std::size_t offset, std::size_t count) const noexcept {
  return count <= size_ && offset <= size_ - count;
}

ONESOCK_INLINE std::uint64_t ByteReader::read_bits(std::size_t offset, std::size_t width,
                                                   ByteOrder order) const noexcept {
  if (!can_read(offset, width)) return 0;
  std::uint64_t bits = 0;
  for (std::size_t index = 0; index < width; ++index) {
    bits |= std::uint64_t{data_[offset + index]} << byte_shift(index, width, order);
  }
  return bits;
}

}  // namespace detail

ONESOCK_INLINE std::ostream& operator<<(std::ostream& stream, BufferView view) {
  if (view.encoding() == Encoding::raw) return stream << view.inspect();
  return stream << view.raw();
}

ONESOCK_INLINE Buffer::Buffer(BufferView bytes) : storage_(bytes.raw()) {
  show_storage();
}

ONESOCK_INLINE Buffer Buffer::from(BufferView text, Encoding encoding) {
  Buffer buffer;
  buffer.storage_ = encode(text, encoding);
  buffer.show_storage();
  return buffer;
}

ONESOCK_INLINE Buffer Buffer::alloc(std::size_t size, std::uint8_t fill) {
  Buffer buffer;
  buffer.resize(size, fill);
  return buffer;
}

ONESOCK_INLINE Buffer& Buffer::append(BufferView bytes) {
  storage_.append(bytes.raw());
  return show_storage();
}

ONESOCK_INLINE Buffer& Buffer::consume(std::size_t count) {
  front_ += (std::min)(count, size());
  // Only when half of it is consumed are the others moved, so that a byte moves at most once for
  // each byte consumed.
  if (front_ >= storage_.size() - front_) {
    storage_.erase(0, front_);
    front_ = 0;
  }
  return show_storage();
}

ONESOCK_INLINE Buffer& Buffer::resize(std::size_t size, std::uint8_t fill) {
  storage_.resize(front_ + size, static_cast<char>(fill));
  return show_storage();
}

ONESOCK_INLINE Buffer& Buffer::reserve(std::size_t size) {
  storage_.reserve(front_ + size);
  return show_storage();
}

ONESOCK_INLINE Buffer& Buffer::clear() noexcept {
  storage_.clear();
  front_ = 0;
  return show_storage();
}

ONESOCK_INLINE Buffer& Buffer::fill(BufferView pattern, detail::Offset start, detail::Offset end) {
  // A copy, because the pattern may be a part of what it is written over.
  const std::string repeated = pattern.empty() ? std::string(1, '\0') : std::string(pattern.raw());
  const std::size_t first = start.within(size());
  const std::size_t last = end.within(size());
  for (std::size_t at = first; at < last; ++at) {
    storage_[front_ + at] = repeated[(at - first) % repeated.size()];
  }
  return *this;
}

ONESOCK_INLINE Buffer& Buffer::fill(std::uint8_t octet, detail::Offset start, detail::Offset end) {
  return fill(BufferView(&octet, 1), start, end);
}

ONESOCK_INLINE void Buffer::swap(Buffer& other) noexcept {
  storage_.swap(other.storage_);
  std::swap(front_, other.front_);
  show_storage();
  other.show_storage();
}

ONESOCK_INLINE bool Buffer::put_bits(std::uint64_t bits, std::size_t width, detail::ByteOrder order,
                                     std::size_t offset) noexcept {
  if (!can_read(offset, width)) return false;
  for (std::size_t index = 0; index < width; ++index) {
    (*this)[offset + index] =
        static_cast<std::uint8_t>(bits >> detail::byte_shift(index, width, order));
  }
  return true;
}

ONESOCK_INLINE Buffer& Buffer::append_bits(std::uint64_t bits, std::size_t width,
                                           detail::ByteOrder order) {
  const std::size_t offset = size();
  resize(offset + width);
  put_bits(bits, width, order, offset);
  return *this;
}

/// To be called whenever storage_ or front_ changed: what is read is what stands there now.
ONESOCK_INLINE Buffer& Buffer::show_storage() noexcept {
  data_ = reinterpret_cast<const std::uint8_t*>(storage_.data()) + front_;
  size_ = storage_.size() - front_;
  return *this;
}

ONESOCK_END_NAMESPACE
