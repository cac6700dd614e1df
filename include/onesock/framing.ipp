// onesock: the bodies of framing.hpp.
// SPDX-License-Identifier: MIT

#include "framing.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// The bytes of the length before a message; 0 for lines.
inline std::size_t prefix_size(Framing framing) {
  switch (framing) {
    case Framing::lines:
      return 0;
    case Framing::u8:
      return 1;
    case Framing::u16_be:
    case Framing::u16_le:
      return 2;
    case Framing::u32_be:
    case Framing::u32_le:
      return 4;
  }
  return 0;
}

inline std::size_t read_prefix(BufferView bytes, Framing framing) {
  switch (framing) {
    case Framing::lines:
      return 0;
    case Framing::u8:
      return bytes.read_u8();
    case Framing::u16_be:
      return bytes.read_u16_be();
    case Framing::u16_le:
      return bytes.read_u16_le();
    case Framing::u32_be:
      return bytes.read_u32_be();
    case Framing::u32_le:
      return bytes.read_u32_le();
  }
  return 0;
}

/// `size` is wider than what it is cast to on every system: -Wuseless-cast.
inline void write_prefix(Buffer& frame, std::uint64_t size, Framing framing) {
  const auto length = static_cast<std::uint32_t>(size);
  switch (framing) {
    case Framing::lines:
      return;
    case Framing::u8:
      frame.write_u8(static_cast<std::uint8_t>(length));
      return;
    case Framing::u16_be:
      frame.write_u16_be(static_cast<std::uint16_t>(length));
      return;
    case Framing::u16_le:
      frame.write_u16_le(static_cast<std::uint16_t>(length));
      return;
    case Framing::u32_be:
      frame.write_u32_be(length);
      return;
    case Framing::u32_le:
      frame.write_u32_le(length);
      return;
  }
}

/// Tells a socket's messages to one listener.
class FrameTeller {
 public:
  FrameTeller(Framing framing, std::size_t max, Listener<BufferView> listener)
      : reader_(framing, max), listener_(std::move(listener)) {}

  void data(const Socket& socket, BufferView bytes) {
    reader_.push(bytes);
    while (!socket.destroyed()) {
      const auto message = reader_.next();
      if (!message) break;
      listener_(*message);
    }
    if (reader_.error()) socket.destroy(reader_.error());
  }

  void end() {
    if (const auto message = reader_.rest()) listener_(*message);
  }

 private:
  FrameReader reader_;
  Listener<BufferView> listener_;
};

}  // namespace detail

ONESOCK_INLINE void FrameReader::push(BufferView bytes) {
  if (error_) return;
  bytes_.consume(std::exchange(taken_, 0));
  bytes_.append(bytes);
}

ONESOCK_INLINE std::optional<BufferView> FrameReader::next() {
  bytes_.consume(std::exchange(taken_, 0));
  if (error_) return std::nullopt;
  return framing_ == Framing::lines ? next_line() : next_frame();
}

ONESOCK_INLINE std::optional<BufferView> FrameReader::next_line() {
  const auto end = bytes_.index_of(std::uint8_t('\n'), searched_);
  if (end == BufferView::npos) {
    searched_ = bytes_.size();
    const bool has_return = searched_ > 0 && bytes_[searched_ - 1] == '\r';
    return searched_ - (has_return ? 1 : 0) > max_ ? fail() : std::nullopt;
  }
  searched_ = 0;
  const bool has_return = end > 0 && bytes_[end - 1] == '\r';
  const auto size = end - (has_return ? 1 : 0);
  return size > max_ ? fail() : take(0, size, end + 1 - size);
}

ONESOCK_INLINE std::optional<BufferView> FrameReader::next_frame() {
  const auto prefix = detail::prefix_size(framing_);
  if (bytes_.size() < prefix) return std::nullopt;
  const auto size = detail::read_prefix(bytes_, framing_);
  if (size > max_) return fail();
  if (bytes_.size() - prefix < size) return std::nullopt;
  return take(prefix, size, 0);
}

/// A message of `size` bytes, with `mark` bytes before it and `behind` bytes behind it.
ONESOCK_INLINE std::optional<BufferView> FrameReader::take(std::size_t mark, std::size_t size,
                                                           std::size_t behind) {
  taken_ = mark + size + behind;
  return BufferView(bytes_.data() + mark, size);
}

ONESOCK_INLINE std::optional<BufferView> FrameReader::fail() {
  error_ = Error("read", std::make_error_code(std::errc::message_size));
  bytes_ = {};
  return std::nullopt;
}

ONESOCK_INLINE std::optional<BufferView> FrameReader::rest() {
  bytes_.consume(std::exchange(taken_, 0));
  if (error_ || framing_ != Framing::lines || bytes_.empty()) return std::nullopt;
  searched_ = 0;
  return take(0, bytes_.size(), 0);
}

ONESOCK_INLINE std::optional<Buffer> make_frame(BufferView message, Framing framing) {
  Buffer frame;
  if (framing == Framing::lines) {
    frame.append(message).append("\n");
    return frame;
  }
  const auto most =
      (std::numeric_limits<std::uint32_t>::max)() >> (32 - 8 * detail::prefix_size(framing));
  if (message.size() > most) return std::nullopt;
  detail::write_prefix(frame, message.size(), framing);
  frame.append(message);
  return frame;
}

ONESOCK_INLINE void on_frame(const Socket& socket, Framing framing, Listener<BufferView> listener,
                             std::size_t max) {
  const auto teller = std::make_shared<detail::FrameTeller>(framing, max, std::move(listener));
  // A copy in a listener is a cycle that `close` breaks.
  socket.on_data([teller, socket](BufferView bytes) { teller->data(socket, bytes); });
  socket.on_end([teller] { teller->end(); });
}

ONESOCK_INLINE void on_line(const Socket& socket, Listener<BufferView> listener, std::size_t max) {
  on_frame(socket, Framing::lines, std::move(listener), max);
}

ONESOCK_INLINE std::optional<Buffer> read_frame(Client& client, FrameReader& reader) {
  while (!reader.error()) {
    if (const auto message = reader.next()) return Buffer(*message);
    const auto bytes = client.read();
    if (bytes) {
      reader.push(*bytes);
      continue;
    }
    if (client.error()) return std::nullopt;
    const auto last = reader.rest();
    return last ? std::optional<Buffer>(Buffer(*last)) : std::nullopt;
  }
  return std::nullopt;
}

ONESOCK_END_NAMESPACE
