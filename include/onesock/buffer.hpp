// onesock: bytes, borrowed (BufferView) or owned (Buffer), and the ways to look at them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iosfwd>
#include <iterator>  // std::data, std::size
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "encoding.hpp"

ONESOCK_BEGIN_NAMESPACE

class Buffer;
class BufferView;

namespace detail {

using Utf8Char = decltype(u8'x');  // char8_t since C++20, char before

template <class T>
inline constexpr bool is_text =
    std::disjunction_v<std::is_same<T, char>, std::is_same<T, Utf8Char>>;

template <class T>
inline constexpr bool is_byte = is_text<T> || std::is_same_v<T, signed char> ||
                                std::is_same_v<T, unsigned char> || std::is_same_v<T, std::byte>;

template <class T>
using ElementOf =
    std::remove_cv_t<std::remove_pointer_t<decltype(std::data(std::declval<const T&>()))>>;

// Contiguous, of 1-byte elements. An array of text is none: a literal ends at its NUL.
template <class T, class = void>
inline constexpr bool is_byte_range = false;
template <class T>
inline constexpr bool is_byte_range<T, std::void_t<ElementOf<T>>> =
    is_byte<ElementOf<T>> && !(std::is_array_v<T> && is_text<ElementOf<T>>);

class ByteReader;

// What views and buffers are compared with beside themselves: all that converts to a view.
template <class T>
using IfConvertible = std::enable_if_t<
    std::is_convertible_v<const T&, BufferView> && !std::is_base_of_v<ByteReader, T>, int>;

/// A place in a sequence, from an integer of any type: a negative one counts from the end, one that
/// is too large (BufferView::npos too) is the end.
struct Offset {
  template <class Int, std::enable_if_t<std::is_integral_v<Int>, int> = 0>
  constexpr Offset(Int offset) noexcept
      : value(std::is_unsigned_v<Int> && static_cast<std::uint64_t>(offset) > most
                  ? static_cast<std::int64_t>(most)
                  : static_cast<std::int64_t>(offset)) {}

  /// 0 to `size`.
  std::size_t within(std::size_t size) const noexcept;

  static constexpr std::uint64_t most = (std::numeric_limits<std::int64_t>::max)();
  std::int64_t value;
};

enum class ByteOrder { big, little };

// A number's bits, in as many low bits as the number is wide.
template <class Number>
std::uint64_t to_bits(Number number) noexcept {
  if constexpr (std::is_floating_point_v<Number>) {
    std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t> bits = 0;
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
  } else {
    return static_cast<std::uint64_t>(number);
  }
}

template <class Number>
Number from_bits(std::uint64_t wide_bits) noexcept {
  if constexpr (std::is_floating_point_v<Number>) {
    using Bits = std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>;
    const Bits bits = static_cast<Bits>(wide_bits);
    Number number = 0;
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&number, &bits, sizeof bits);
    return number;
  } else {
    return static_cast<Number>(wide_bits);
  }
}

/// What a BufferView and a Buffer can both be asked. Neither can be assigned through it.
class ByteReader {
 public:
  /// "Not found", and as an end: the end of the bytes.
  static constexpr std::size_t npos = std::string_view::npos;

  /// The bytes, as in std::string_view: no bounds are looked at.
  const std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::uint8_t& operator[](std::size_t offset) const noexcept { return data_[offset]; }
  const std::uint8_t* begin() const noexcept { return data_; }
  const std::uint8_t* end() const noexcept { return data_ + size_; }
  /// What a view's bytes were decoded with: after `set_encoding(hex)` they *are* the hex text, and
  /// this is `hex`. `raw`: as they came; always so in a Buffer. Only `<<` asks it.
  Encoding encoding() const noexcept { return encoding_; }

  /// The same bytes as text that is not looked at.
  std::string_view raw() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  operator std::string_view() const noexcept { return raw(); }
  /// Decoded as to_string(Encoding::utf8), hex, base64.
  std::string utf8() const;
  std::string hex() const;
  std::string base64() const;
  /// The bytes from `start` up to `end` (cut at the size) as UTF-8 text; see decode(). Mirrors
  /// Node's `buf.toString`.
  std::string to_string(Encoding encoding = Encoding::utf8, std::size_t start = 0,
                        std::size_t end = npos) const;
  /// As Node prints a Buffer: `<Buffer 48 65 6c>`, after 50 bytes `... 3 more bytes>`.
  std::string inspect() const;

  /// The bytes from `start` up to `end`, shared, not copied. Negative counts from the end, what
  /// lies outside is cut, `end` before `start` is empty. Mirrors Node's `buf.subarray`.
  BufferView slice(Offset start = 0, Offset end = npos) const noexcept;

  /// Where `needle` first begins at or after `from` (negative: from the end), or npos. An empty
  /// needle is found at `from`. Mirrors Node's `buf.indexOf`.
  std::size_t index_of(BufferView needle, Offset from = 0) const noexcept;
  std::size_t index_of(std::uint8_t octet, Offset from = 0) const noexcept;
  /// Where `needle` last begins at or before `from`, or npos. Mirrors Node's `buf.lastIndexOf`.
  std::size_t last_index_of(BufferView needle, Offset from = npos) const noexcept;
  std::size_t last_index_of(std::uint8_t octet, Offset from = npos) const noexcept;
  /// Whether index_of() finds it. Mirrors Node's `buf.includes`.
  bool includes(BufferView needle, Offset from = 0) const noexcept;
  bool includes(std::uint8_t octet, Offset from = 0) const noexcept;

  /// -1, 0 or 1: byte by byte, then the shorter one first. Mirrors Node's `buf.compare`.
  int compare(BufferView other) const noexcept;
  /// The same bytes, whatever the encoding(). Mirrors Node's `buf.equals`.
  bool equals(BufferView other) const noexcept;
  /// Copies into `target` from `target_start` on as much as it has room for, and returns how many
  /// bytes that was; the two may overlap. Mirrors Node's `buf.copy`.
  std::size_t copy(Buffer& target, std::size_t target_start = 0) const noexcept;

  /// Whether `count` bytes stand at `offset`. The reads below answer 0 where their bytes do not all
  /// stand there (Node throws): ask this first where a 0 could be meant.
  bool can_read(std::size_t offset, std::size_t count) const noexcept;

  /// The number at `offset`, by its first letter unsigned or signed, big or little endian; 0 out of
  /// range. Mirrors Node's `buf.readUInt16BE` and the others.
  std::uint8_t read_u8(std::size_t offset = 0) const { return read_be<std::uint8_t>(offset); }
  std::uint16_t read_u16_be(std::size_t offset = 0) const { return read_be<std::uint16_t>(offset); }
  std::uint16_t read_u16_le(std::size_t offset = 0) const { return read_le<std::uint16_t>(offset); }
  std::uint32_t read_u32_be(std::size_t offset = 0) const { return read_be<std::uint32_t>(offset); }
  std::uint32_t read_u32_le(std::size_t offset = 0) const { return read_le<std::uint32_t>(offset); }
  std::uint64_t read_u64_be(std::size_t offset = 0) const { return read_be<std::uint64_t>(offset); }
  std::uint64_t read_u64_le(std::size_t offset = 0) const { return read_le<std::uint64_t>(offset); }
  std::int8_t read_i8(std::size_t offset = 0) const { return read_be<std::int8_t>(offset); }
  std::int16_t read_i16_be(std::size_t offset = 0) const { return read_be<std::int16_t>(offset); }
  std::int16_t read_i16_le(std::size_t offset = 0) const { return read_le<std::int16_t>(offset); }
  std::int32_t read_i32_be(std::size_t offset = 0) const { return read_be<std::int32_t>(offset); }
  std::int32_t read_i32_le(std::size_t offset = 0) const { return read_le<std::int32_t>(offset); }
  std::int64_t read_i64_be(std::size_t offset = 0) const { return read_be<std::int64_t>(offset); }
  std::int64_t read_i64_le(std::size_t offset = 0) const { return read_le<std::int64_t>(offset); }
  float read_float_be(std::size_t offset = 0) const { return read_be<float>(offset); }
  float read_float_le(std::size_t offset = 0) const { return read_le<float>(offset); }
  double read_double_be(std::size_t offset = 0) const { return read_be<double>(offset); }
  double read_double_le(std::size_t offset = 0) const { return read_le<double>(offset); }

  // One for two of us, and one for each side on which the other is a text, a container, a literal:
  // each an exact match, so that std::string_view's own operators never tie with them.
  friend bool operator==(const ByteReader& left, const ByteReader& right) noexcept {
    return left.raw() == right.raw();
  }
  friend bool operator!=(const ByteReader& left, const ByteReader& right) noexcept {
    return left.raw() != right.raw();
  }
  friend bool operator<(const ByteReader& left, const ByteReader& right) noexcept {
    return left.raw() < right.raw();
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator==(const ByteReader& left, const Other& right) noexcept {
    return left.equals(right);
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator==(const Other& left, const ByteReader& right) noexcept {
    return right.equals(left);
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator!=(const ByteReader& left, const Other& right) noexcept {
    return !left.equals(right);
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator!=(const Other& left, const ByteReader& right) noexcept {
    return !right.equals(left);
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator<(const ByteReader& left, const Other& right) noexcept {
    return left.compare(right) < 0;
  }
  template <class Other, IfConvertible<Other> = 0>
  friend bool operator<(const Other& left, const ByteReader& right) noexcept {
    return right.compare(left) > 0;
  }

 protected:
  ByteReader() noexcept = default;
  ByteReader(const std::uint8_t* data, std::size_t size, Encoding encoding) noexcept
      : data_(data), size_(size), encoding_(encoding) {}
  ByteReader(const ByteReader&) noexcept = default;
  ByteReader& operator=(const ByteReader&) noexcept = default;
  ~ByteReader() = default;

  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;

 private:
  std::uint64_t read_bits(std::size_t offset, std::size_t width, ByteOrder order) const noexcept;
  template <class Number>
  Number read_be(std::size_t offset) const noexcept {
    return from_bits<Number>(read_bits(offset, sizeof(Number), ByteOrder::big));
  }
  template <class Number>
  Number read_le(std::size_t offset) const noexcept {
    return from_bits<Number>(read_bits(offset, sizeof(Number), ByteOrder::little));
  }

  Encoding encoding_ = Encoding::raw;
};

}  // namespace detail

/// Bytes that somebody else owns: a pointer, a size, and the Encoding they were decoded with.
///
/// As a std::string_view it must not outlive the bytes: the one given to `on_data` is good until
/// the handler returns; keep a `Buffer(view)`. Copying is cheap, hand it on by value. Mirrors the
/// reading half of Node's `Buffer`.
class BufferView : public detail::ByteReader {
 public:
  BufferView() noexcept = default;
  /// A literal or a C string, up to its NUL (also u8"..."); a null pointer is empty.
  template <class Char, std::enable_if_t<detail::is_text<Char>, int> = 0>
  BufferView(const Char* text) noexcept
      : BufferView(text, text == nullptr ? 0 : std::char_traits<Char>::length(text)) {}
  /// All of something contiguous with 1-byte elements: std::string, std::string_view,
  /// std::vector<std::uint8_t>, std::array<std::byte, N>, unsigned char[N], ...
  template <class Bytes, std::enable_if_t<detail::is_byte_range<Bytes>, int> = 0>
  BufferView(const Bytes& bytes) noexcept : BufferView(std::data(bytes), std::size(bytes)) {}
  /// `size` bytes from `data` on. Explicit, so that `{0, 2}` is no pointer.
  explicit BufferView(const void* data, std::size_t size) noexcept
      : ByteReader(static_cast<const std::uint8_t*>(data), size, Encoding::raw) {}
  /// Text that was decoded with `encoding`: what `<<` prints then is the text.
  explicit BufferView(std::string_view text, Encoding encoding) noexcept
      : ByteReader(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), encoding) {}
  BufferView(std::nullptr_t) = delete;
  BufferView(int) = delete;
};

/// Streams as Node's console.log: inspect() of raw bytes, else the text itself.
std::ostream& operator<<(std::ostream& stream, BufferView view);

/// Bytes of its own, that may grow and change.
///
/// All that a BufferView can be asked a Buffer can, and it converts to one (good until the Buffer
/// changes or goes). `<<` prints it as inspect(): print `buffer.utf8()` for its text. Cheap to
/// move; a moved-from one is empty. Mirrors Node's `Buffer`.
class Buffer : public detail::ByteReader {
 public:
  Buffer() noexcept = default;
  /// A copy of anything that converts to a BufferView.
  explicit Buffer(BufferView bytes);
  explicit Buffer(const void* data, std::size_t size) : Buffer(BufferView(data, size)) {}
  Buffer(const Buffer& other) : Buffer(BufferView(other)) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() = default;

  /// The bytes that UTF-8 text stands for; see encode(). Mirrors Node's `Buffer.from(text, enc)`.
  static Buffer from(BufferView text, Encoding encoding = Encoding::utf8);
  /// These bytes: `Buffer::from({0x05, 0x01, 0x00})`.
  static Buffer from(std::initializer_list<std::uint8_t> bytes) { return Buffer(bytes); }
  /// `size` times the byte `fill`. Mirrors Node's `Buffer.alloc`.
  static Buffer alloc(std::size_t size, std::uint8_t fill = 0);
  /// All of them, one behind the other: a braced list of views, or any container of them or of
  /// Buffers. Mirrors Node's `Buffer.concat`.
  template <class List = std::initializer_list<BufferView>>
  static Buffer concat(const List& list) {
    Buffer all;
    for (const auto& bytes : list) all.append(bytes);
    return all;
  }
  /// The same, cut or filled up with zeros to `total` bytes.
  template <class List = std::initializer_list<BufferView>>
  static Buffer concat(const List& list, std::size_t total) {
    Buffer all = concat(list);
    all.resize(total);
    return all;
  }

  using ByteReader::data;
  using ByteReader::operator[];
  using ByteReader::begin;
  using ByteReader::end;
  /// The bytes, to be changed in place; no bounds are looked at.
  std::uint8_t* data() noexcept { return reinterpret_cast<std::uint8_t*>(&storage_[front_]); }
  std::uint8_t& operator[](std::size_t offset) noexcept { return data()[offset]; }
  std::uint8_t* begin() noexcept { return data(); }
  std::uint8_t* end() noexcept { return data() + size(); }

  /// Adds a copy of `bytes`, which may be a part of this Buffer.
  Buffer& append(BufferView bytes);
  /// Drops the first `count` bytes, or all; the price is linear in what is dropped, over time.
  Buffer& consume(std::size_t count);
  /// Cuts, or adds `fill` bytes.
  Buffer& resize(std::size_t size, std::uint8_t fill = 0);
  /// Makes room for `size` bytes in all.
  Buffer& reserve(std::size_t size);
  /// Drops all bytes, and keeps the room.
  Buffer& clear() noexcept;
  /// Writes `pattern` over the bytes from `start` up to `end` again and again; an empty one is
  /// zeros. The places are those of slice(). Mirrors Node's `buf.fill`.
  Buffer& fill(BufferView pattern, detail::Offset start = 0, detail::Offset end = npos);
  Buffer& fill(std::uint8_t octet, detail::Offset start = 0, detail::Offset end = npos);
  void swap(Buffer& other) noexcept;

  /// Appends a number, big or little endian.
  Buffer& write_u8(std::uint8_t value) { return append_be(value); }
  Buffer& write_u16_be(std::uint16_t value) { return append_be(value); }
  Buffer& write_u16_le(std::uint16_t value) { return append_le(value); }
  Buffer& write_u32_be(std::uint32_t value) { return append_be(value); }
  Buffer& write_u32_le(std::uint32_t value) { return append_le(value); }
  Buffer& write_u64_be(std::uint64_t value) { return append_be(value); }
  Buffer& write_u64_le(std::uint64_t value) { return append_le(value); }
  Buffer& write_i8(std::int8_t value) { return append_be(value); }
  Buffer& write_i16_be(std::int16_t value) { return append_be(value); }
  Buffer& write_i16_le(std::int16_t value) { return append_le(value); }
  Buffer& write_i32_be(std::int32_t value) { return append_be(value); }
  Buffer& write_i32_le(std::int32_t value) { return append_le(value); }
  Buffer& write_i64_be(std::int64_t value) { return append_be(value); }
  Buffer& write_i64_le(std::int64_t value) { return append_le(value); }
  Buffer& write_float_be(float value) { return append_be(value); }
  Buffer& write_float_le(float value) { return append_le(value); }
  Buffer& write_double_be(double value) { return append_be(value); }
  Buffer& write_double_le(double value) { return append_le(value); }

  /// Writes a number over the bytes at `offset`: true, or false and nothing written where it would
  /// not fit whole (Node throws). Mirrors Node's `buf.writeUInt16BE(value, offset)` and the others.
  bool write_u8(std::uint8_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_u16_be(std::uint16_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_u16_le(std::uint16_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_u32_be(std::uint32_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_u32_le(std::uint32_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_u64_be(std::uint64_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_u64_le(std::uint64_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_i8(std::int8_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_i16_be(std::int16_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_i16_le(std::int16_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_i32_be(std::int32_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_i32_le(std::int32_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_i64_be(std::int64_t value, std::size_t offset) { return put_be(value, offset); }
  bool write_i64_le(std::int64_t value, std::size_t offset) { return put_le(value, offset); }
  bool write_float_be(float value, std::size_t offset) { return put_be(value, offset); }
  bool write_float_le(float value, std::size_t offset) { return put_le(value, offset); }
  bool write_double_be(double value, std::size_t offset) { return put_be(value, offset); }
  bool write_double_le(double value, std::size_t offset) { return put_le(value, offset); }

 private:
  bool put_bits(std::uint64_t bits, std::size_t width, detail::ByteOrder order,
                std::size_t offset) noexcept;
  Buffer& append_bits(std::uint64_t bits, std::size_t width, detail::ByteOrder order);
  template <class Number>
  Buffer& append_be(Number value) {
    return append_bits(detail::to_bits(value), sizeof value, detail::ByteOrder::big);
  }
  template <class Number>
  Buffer& append_le(Number value) {
    return append_bits(detail::to_bits(value), sizeof value, detail::ByteOrder::little);
  }
  template <class Number>
  bool put_be(Number value, std::size_t offset) noexcept {
    return put_bits(detail::to_bits(value), sizeof value, detail::ByteOrder::big, offset);
  }
  template <class Number>
  bool put_le(Number value, std::size_t offset) noexcept {
    return put_bits(detail::to_bits(value), sizeof value, detail::ByteOrder::little, offset);
  }
  Buffer& show_storage() noexcept;

  std::string storage_;
  std::size_t front_ = 0;  // where our bytes begin in storage_: before it is what was consumed
};

ONESOCK_END_NAMESPACE
