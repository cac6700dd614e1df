// onesock: text encodings, all at once or as a stream, each exactly as Node's Buffer has it.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"

ONESOCK_BEGIN_NAMESPACE

/// How bytes are shown as text. Text is UTF-8 on the C++ side, always.
///
/// `raw` is our own: the bytes as they are. The others are Node's "Buffers and character
/// encodings"; its names `binary` and `ucs2` are `latin1` and `utf16le` here.
enum class Encoding { raw, utf8, hex, base64, base64url, latin1, ascii, utf16le };

/// The encoding of a name, upper or lower case: Node's ("utf8", "utf-8", "hex", "base64",
/// "base64url", "latin1", "binary", "ascii", "utf16le", "utf-16le", "ucs2", "ucs-2") and "raw".
/// Nothing if it is none of them. Mirrors `Buffer.isEncoding`.
std::optional<Encoding> parse_encoding(std::string_view name);
/// The name that parse_encoding() reads back: "utf8", "utf16le", "raw", ...
std::string_view encoding_name(Encoding encoding);

/// Bytes to UTF-8 text, as Node's `buffer.toString(encoding)`.
///
/// Never fails: what is not valid utf8 or utf16le becomes U+FFFD (utf8: one for each maximal
/// invalid part, as WHATWG asks), an odd last byte of utf16le is dropped, ascii loses the eighth
/// bit. A byte order mark is kept. `raw` gives the bytes back.
std::string decode(std::string_view bytes, Encoding encoding);

/// UTF-8 text to bytes, as Node's `Buffer.from(text, encoding)`.
///
/// Never fails: hex stops at the first bad digit and drops an odd last one; base64 and base64url
/// take both alphabets, skip other characters and stop at the first '='; latin1 and ascii keep the
/// low byte of each UTF-16 unit. `utf8` and `raw` give the text back.
std::string encode(std::string_view text, Encoding encoding);

/// Decodes a stream of bytes: no character is split between two pieces of text.
///
/// What all calls of write() and the end() give, joined, is decode() of all the bytes, however they
/// were cut. At most three bytes are held back (utf8, utf16le, base64, base64url; never for the
/// others). Mirrors Node's `StringDecoder`.
class Decoder {
 public:
  explicit Decoder(Encoding encoding = Encoding::utf8) : encoding_(encoding) {}

  /// The text that these bytes complete; "" if they complete none.
  std::string write(std::string_view bytes);
  /// The text of what is held back: utf8 one U+FFFD, base64 the padded rest. The next write()
  /// starts anew.
  std::string end();
  Encoding encoding() const { return encoding_; }

 private:
  Encoding encoding_;
  std::string held_;
};

ONESOCK_END_NAMESPACE
