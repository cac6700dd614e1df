// onesock: lines and length-prefixed frames out of a stream of bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>

#include "buffer.hpp"
#include "client.hpp"
#include "error.hpp"
#include "listener.hpp"
#include "socket.hpp"

ONESOCK_BEGIN_NAMESPACE

/// How a message is marked off: by the line feed behind it, or by its length before it.
enum class Framing { lines, u8, u16_be, u16_le, u32_be, u32_le };

/// Cuts a stream into messages, whatever pieces it comes in. Knows neither Socket nor Client.
class FrameReader {
 public:
  /// `max`: the most bytes of one message; one that is longer is an error, not memory.
  explicit FrameReader(Framing framing, std::size_t max = 64 * 1024)
      : framing_(framing), max_(max) {}

  /// Adds what came. Ignored after an error.
  void push(BufferView bytes);
  /// The next whole message, without its mark (a line without its "\n" or "\r\n"); it lives until
  /// the next call. Nothing until more comes, and after an error.
  std::optional<BufferView> next();
  /// At the end of the stream: the last line, if it has no line feed; otherwise nothing.
  std::optional<BufferView> rest();
  /// EMSGSIZE once a message was longer than `max`; the stream cannot be followed any further.
  const Error& error() const { return error_; }

 private:
  std::optional<BufferView> next_line();
  std::optional<BufferView> next_frame();
  std::optional<BufferView> take(std::size_t mark, std::size_t size, std::size_t behind);
  std::optional<BufferView> fail();

  Framing framing_;
  std::size_t max_;
  Buffer bytes_;
  std::size_t taken_ = 0;     // What next() gave out; let go by the next call.
  std::size_t searched_ = 0;  // No line feed before here.
  Error error_;
};

/// A message with its mark, ready to be written; nothing if it is too long for its prefix.
std::optional<Buffer> make_frame(BufferView message, Framing framing);

/// Calls `listener` with each message of a socket: `on_data` with FrameReader behind it. A message
/// over `max` destroys the socket with EMSGSIZE. Inside a listener, pause() holds from the next
/// `data` on.
void on_frame(const Socket& socket, Framing framing, Listener<BufferView> listener,
              std::size_t max = 64 * 1024);
/// on_frame() with lines; the last one may lack its line feed.
void on_line(const Socket& socket, Listener<BufferView> listener, std::size_t max = 64 * 1024);

/// The next message of a blocking Client; nothing at the end or on an error: ask client.error(),
/// then reader.error(). After a timeout it may be called again: what came is in the reader.
std::optional<Buffer> read_frame(Client& client, FrameReader& reader);

ONESOCK_END_NAMESPACE
