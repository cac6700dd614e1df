// onesock: the bodies of encoding.hpp.
// SPDX-License-Identifier: MIT

#include "encoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

ONESOCK_BEGIN_NAMESPACE

namespace detail {

struct EncodingName {
  std::string_view name;
  Encoding encoding;
};

// The first name of each encoding is the one we answer with.
inline constexpr EncodingName encoding_names[] = {
    {"raw", Encoding::raw},          {"utf8", Encoding::utf8},
    {"utf-8", Encoding::utf8},       {"hex", Encoding::hex},
    {"base64", Encoding::base64},    {"base64url", Encoding::base64url},
    {"latin1", Encoding::latin1},    {"binary", Encoding::latin1},
    {"ascii", Encoding::ascii},      {"utf16le", Encoding::utf16le},
    {"utf-16le", Encoding::utf16le}, {"ucs2", Encoding::utf16le},
    {"ucs-2", Encoding::utf16le},
};

inline constexpr char32_t replacement_character = 0xFFFD;

inline unsigned char byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Not std::tolower: that one asks the user's locale.
inline char ascii_lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

inline bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

inline bool is_high_surrogate(char32_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

inline bool is_low_surrogate(char32_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// What stands at one place of UTF-8 text: a character, or a maximal invalid part of one.
struct Utf8Step {
  char32_t code_point;  // U+FFFD for an invalid part
  std::size_t length;   // in bytes, at least 1
  bool valid;
  bool cut;  // invalid only because the text ends inside a character
};

// How many continuation bytes a lead byte announces, and the range of the first of them: it is
// narrower where overlong forms, surrogates and what lies beyond U+10FFFF would begin.
struct Utf8Lead {
  std::size_t more;  // 0: not a lead byte
  unsigned char first_low;
  unsigned char first_high;
};

// The Unicode Standard, table 3-7.
inline Utf8Lead utf8_lead(unsigned char lead) {
  if (lead < 0xC2 || lead > 0xF4) return {0, 0, 0};
  if (lead < 0xE0) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead < 0xF0) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {3, 0x80, 0xBF};
}

inline Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const unsigned char first = byte_at(text, at);
  if (first < 0x80) return {first, 1, true, false};
  Utf8Lead lead = utf8_lead(first);
  if (lead.more == 0) return {replacement_character, 1, false, false};

  char32_t code_point = first & (0x3FU >> lead.more);
  for (std::size_t length = 1; length <= lead.more; ++length) {
    if (at + length == text.size()) return {replacement_character, length, false, true};
    const unsigned char next = byte_at(text, at + length);
    if (next < lead.first_low || next > lead.first_high) {
      return {replacement_character, length, false, false};
    }
    code_point = code_point << 6 | (next & 0x3FU);
    lead.first_low = 0x80;
    lead.first_high = 0xBF;
  }
  return {code_point, lead.more + 1, true, false};
}

/// Where the run of ASCII that begins at `at` ends.
inline std::size_t skip_ascii(std::string_view text, std::size_t at) {
  // Only the top bit of each byte is asked, so the byte order does not matter.
  std::uint64_t eight_bytes = 0;
  for (; text.size() - at >= sizeof eight_bytes; at += sizeof eight_bytes) {
    std::memcpy(&eight_bytes, text.data() + at, sizeof eight_bytes);
    if ((eight_bytes & 0x8080808080808080U) != 0) break;
  }
  while (at < text.size() && byte_at(text, at) < 0x80) ++at;
  return at;
}

/// A surrogate alone has no UTF-8: it becomes U+FFFD.
inline void append_utf8(std::string& out, char32_t code_point) {
  if (is_high_surrogate(code_point) || is_low_surrogate(code_point)) {
    code_point = replacement_character;
  }
  const auto push = [&out](char32_t octet) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(octet)));
  };
  if (code_point < 0x80) return push(code_point);
  if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
  } else {
    push(0xF0 | code_point >> 18);
  }
  if (code_point >= 0x10000) push(0x80 | (code_point >> 12 & 0x3F));
  if (code_point >= 0x800) push(0x80 | (code_point >> 6 & 0x3F));
  push(0x80 | (code_point & 0x3F));
}

/// Calls `take(unit)` with each UTF-16 unit that the text has in JavaScript.
template <class Take>
void for_each_utf16_unit(std::string_view text, Take take) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    at += step.length;
    if (step.code_point < 0x10000) {
      take(step.code_point);
      continue;
    }
    take(0xD800 + ((step.code_point - 0x10000) >> 10));
    take(0xDC00 + ((step.code_point - 0x10000) & 0x3FF));
  }
}

inline std::string decode_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  std::size_t valid_from = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    if (byte_at(bytes, at) < 0x80) {
      at = skip_ascii(bytes, at);
      continue;
    }
    const Utf8Step step = utf8_step(bytes, at);
    if (!step.valid) {
      text.append(bytes, valid_from, at - valid_from);
      append_utf8(text, replacement_character);
      valid_from = at + step.length;
    }
    at += step.length;
  }
  return text.append(bytes, valid_from, bytes.size() - valid_from);
}

inline std::string decode_bytewise(std::string_view bytes, unsigned mask) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); ++at) append_utf8(text, byte_at(bytes, at) & mask);
  return text;
}

inline std::string encode_latin1(std::string_view text) {
  if (skip_ascii(text, 0) == text.size()) return std::string(text);
  std::string bytes;
  bytes.reserve(text.size());
  for_each_utf16_unit(text, [&bytes](char32_t unit) {
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(unit)));
  });
  return bytes;
}

inline char32_t utf16le_unit_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) | static_cast<char32_t>(byte_at(bytes, at + 1)) << 8;
}

inline std::string decode_utf16le(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  const std::size_t end = bytes.size() - bytes.size() % 2;
  for (std::size_t at = 0; at < end; at += 2) {
    char32_t code_point = utf16le_unit_at(bytes, at);
    if (is_high_surrogate(code_point) && at + 2 < end) {
      const char32_t low = utf16le_unit_at(bytes, at + 2);
      if (is_low_surrogate(low)) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
        at += 2;
      }
    }
    append_utf8(text, code_point);
  }
  return text;
}

inline std::string encode_utf16le(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 2);
  for_each_utf16_unit(text, [&bytes](char32_t unit) {
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(unit)));
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(unit >> 8)));
  });
  return bytes;
}

inline std::string decode_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    text.push_back(digits[byte_at(bytes, at) >> 4]);
    text.push_back(digits[byte_at(bytes, at) & 0x0F]);
  }
  return text;
}

/// 0 to 15, or -1.
inline int hex_digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char letter = ascii_lower(digit);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// Node looks at the low byte of each UTF-16 unit only, for hex and for base64: so do we.
inline std::string encode_hex(std::string_view text) {
  const std::string digits = encode_latin1(text);
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    const int high = hex_digit_value(digits[at]);
    const int low = hex_digit_value(digits[at + 1]);
    if (high < 0 || low < 0) break;
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(high * 16 + low)));
  }
  return bytes;
}

inline std::string decode_base64(std::string_view bytes, bool url) {
  const char* const digits =
      url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
          : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = (std::min)(bytes.size() - at, std::size_t{3});
    std::uint32_t group = std::uint32_t{byte_at(bytes, at)} << 16;
    if (count > 1) group |= std::uint32_t{byte_at(bytes, at + 1)} << 8;
    if (count > 2) group |= byte_at(bytes, at + 2);
    for (std::size_t digit = 0; digit <= count; ++digit) {
      text.push_back(digits[group >> (18 - 6 * digit) & 0x3F]);
    }
    if (!url) text.append(3 - count, '=');
  }
  return text;
}

/// 0 to 63 by either alphabet, or -1.
inline int base64_digit_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '+' || digit == '-') return 62;
  if (digit == '/' || digit == '_') return 63;
  return -1;
}

inline std::string encode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const char digit : encode_latin1(text)) {
    if (digit == '=') break;
    const int value = base64_digit_value(digit);
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(bits >> bit_count)));
  }
  return bytes;
}

inline std::size_t unfinished_utf8(std::string_view bytes) {
  const std::size_t most = (std::min)(bytes.size(), std::size_t{3});
  for (std::size_t back = 1; back <= most; ++back) {
    const std::size_t at = bytes.size() - back;
    const bool continuation = (byte_at(bytes, at) & 0xC0) == 0x80;
    if (!continuation) return utf8_step(bytes, at).cut ? back : 0;
  }
  return 0;
}

inline std::size_t unfinished_utf16le(std::string_view bytes) {
  const std::size_t odd = bytes.size() % 2;
  const std::size_t whole = bytes.size() - odd;
  const bool half_pair = whole > 0 && is_high_surrogate(utf16le_unit_at(bytes, whole - 2));
  return half_pair ? odd + 2 : odd;
}

/// How many bytes at the end are the beginning of something that may still be completed.
inline std::size_t unfinished_bytes(std::string_view bytes, Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8:
      return unfinished_utf8(bytes);
    case Encoding::utf16le:
      return unfinished_utf16le(bytes);
    case Encoding::base64:
    case Encoding::base64url:
      return bytes.size() % 3;
    case Encoding::raw:
    case Encoding::hex:
    case Encoding::latin1:
    case Encoding::ascii:
      break;
  }
  return 0;
}

}  // namespace detail

ONESOCK_INLINE std::optional<Encoding> parse_encoding(std::string_view name) {
  for (const detail::EncodingName& known : detail::encoding_names) {
    if (detail::equal_ignoring_case(name, known.name)) return known.encoding;
  }
  return std::nullopt;
}

ONESOCK_INLINE std::string_view encoding_name(Encoding encoding) {
  for (const detail::EncodingName& known : detail::encoding_names) {
    if (known.encoding == encoding) return known.name;
  }
  return {};
}

ONESOCK_INLINE std::string decode(std::string_view bytes, Encoding encoding) {
  switch (encoding) {
    case Encoding::raw:
      break;
    case Encoding::utf8:
      return detail::decode_utf8(bytes);
    case Encoding::hex:
      return detail::decode_hex(bytes);
    case Encoding::base64:
      return detail::decode_base64(bytes, false);
    case Encoding::base64url:
      return detail::decode_base64(bytes, true);
    case Encoding::latin1:
      return detail::decode_bytewise(bytes, 0xFF);
    case Encoding::ascii:
      return detail::decode_bytewise(bytes, 0x7F);
    case Encoding::utf16le:
      return detail::decode_utf16le(bytes);
  }
  return std::string(bytes);
}

ONESOCK_INLINE std::string encode(std::string_view text, Encoding encoding) {
  switch (encoding) {
    case Encoding::raw:
    case Encoding::utf8:
      break;
    case Encoding::hex:
      return detail::encode_hex(text);
    case Encoding::base64:
    case Encoding::base64url:
      return detail::encode_base64(text);
    case Encoding::latin1:
    case Encoding::ascii:
      return detail::encode_latin1(text);
    case Encoding::utf16le:
      return detail::encode_utf16le(text);
  }
  return std::string(text);
}

ONESOCK_INLINE std::string Decoder::write(std::string_view bytes) {
  std::string joined;
  if (!held_.empty()) {
    joined.reserve(held_.size() + bytes.size());
    bytes = joined.append(held_).append(bytes);
  }
  const std::size_t complete = bytes.size() - detail::unfinished_bytes(bytes, encoding_);
  held_ = bytes.substr(complete);
  return decode(bytes.substr(0, complete), encoding_);
}

ONESOCK_INLINE std::string Decoder::end() {
  std::string text = decode(held_, encoding_);
  held_.clear();
  return text;
}

ONESOCK_END_NAMESPACE
