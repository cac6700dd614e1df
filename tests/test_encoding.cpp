// onesock: text encodings against what Node v20 was seen to print, at once and on every split.
// SPDX-License-Identifier: MIT

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"

using onesock::decode;
using onesock::Decoder;
using onesock::encode;
using onesock::Encoding;

namespace {

const std::string R = "\xEF\xBF\xBD";

constexpr Encoding all_encodings[] = {Encoding::raw,    Encoding::utf8,      Encoding::hex,
                                      Encoding::base64, Encoding::base64url, Encoding::latin1,
                                      Encoding::ascii,  Encoding::utf16le};

std::string unhex(std::string_view digits) {
  return encode(digits, Encoding::hex);
}

std::string to_hex(std::string_view bytes) {
  return decode(bytes, Encoding::hex);
}

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// What all pieces ("e2|82ac": hex, cut at the bars) give, joined, with the end.
std::string stream(std::string_view pieces, Encoding encoding) {
  Decoder decoder(encoding);
  std::string text;
  while (true) {
    const std::size_t bar = pieces.find('|');
    text += decoder.write(unhex(pieces.substr(0, bar)));
    if (bar == std::string_view::npos) return text + decoder.end();
    pieces.remove_prefix(bar + 1);
  }
}

/// The whole as it is, and cut in two and in three at every place.
void require_every_split(const std::string& bytes, Encoding encoding) {
  const std::string whole = decode(bytes, encoding);
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      Decoder decoder(encoding);
      std::string joined = decoder.write(bytes.substr(0, first));
      joined += decoder.write(bytes.substr(first, second - first));
      joined += decoder.write(bytes.substr(second));
      joined += decoder.end();
      if (joined != whole) {
        FAIL(encoding_name(encoding) << " " << to_hex(bytes) << " cut at " << first << " and "
                                     << second << ": " << to_hex(joined));
      }
    }
  }
}

void require_byte_by_byte(const std::string& bytes, Encoding encoding) {
  Decoder decoder(encoding);
  std::string joined;
  for (const char octet : bytes) joined += decoder.write(std::string_view(&octet, 1));
  joined += decoder.end();
  REQUIRE(to_hex(joined) == to_hex(decode(bytes, encoding)));
}

}  // namespace

TEST_CASE("an encoding is found by Node's names in any case, and by raw", "[encoding]") {
  const std::vector<std::pair<std::string, Encoding>> names = {
      {"utf8", Encoding::utf8},        {"UTF-8", Encoding::utf8},
      {"hex", Encoding::hex},          {"HEX", Encoding::hex},
      {"base64", Encoding::base64},    {"Base64URL", Encoding::base64url},
      {"latin1", Encoding::latin1},    {"BINARY", Encoding::latin1},
      {"ascii", Encoding::ascii},      {"ucs2", Encoding::utf16le},
      {"UcS-2", Encoding::utf16le},    {"utf16le", Encoding::utf16le},
      {"UTF-16LE", Encoding::utf16le}, {"raw", Encoding::raw},
  };
  for (const auto& [name, encoding] : names) {
    INFO(name);
    REQUIRE(onesock::parse_encoding(name) == encoding);
  }
  for (const char* const name : {"", "utf16", "latin-1", "utf16-le", "utf", "utf88", " utf8"}) {
    INFO(name);
    REQUIRE_FALSE(onesock::parse_encoding(name));
  }
}

TEST_CASE("an encoding's name leads back to it", "[encoding]") {
  for (const Encoding encoding : all_encodings) {
    REQUIRE(onesock::parse_encoding(onesock::encoding_name(encoding)) == encoding);
  }
  REQUIRE(onesock::encoding_name(Encoding::utf16le) == "utf16le");
  REQUIRE(onesock::encoding_name(Encoding::latin1) == "latin1");
  REQUIRE(onesock::encoding_name(Encoding::utf8) == "utf8");
}

TEST_CASE("utf8 decodes as Node's StringDecoder, piece by piece and whole", "[encoding]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"c3|a9", "\xC3\xA9"},
      {"e2|82|ac", "\xE2\x82\xAC"},
      {"41e2|82|ac42",
       "A\xE2\x82\xAC"
       "B"},
      {"f0|9f|98|80", "\xF0\x9F\x98\x80"},
      {"f09f98|80", "\xF0\x9F\x98\x80"},
      {"e2", R},
      {"e282", R},
      {"f0|9f|98", R},
      {"f09f98", R},
      {"80", R},
      {"bf80", R + R},
      {"c080", R + R},
      {"c1bf", R + R},
      {"e08080", R + R + R},
      {"e0|80|80", R + R + R},
      {"e09f|bf", R + R + R},
      {"eda080", R + R + R},
      {"ed|a080", R + R + R},
      {"edbfbf", R + R + R},
      {"eda0bdedb880", repeat(R, 6)},
      {"f0808080", repeat(R, 4)},
      {"f08fbfbf", repeat(R, 4)},
      {"f48fbfbf", "\xF4\x8F\xBF\xBF"},
      {"f4908080", repeat(R, 4)},
      {"f4|90|8080", repeat(R, 4)},
      {"f5808080", repeat(R, 4)},
      {"ff", R},
      {"fefeffff", repeat(R, 4)},
      {"f888808080", repeat(R, 5)},
      {"c341", R + "A"},
      {"c3|41", R + "A"},
      {"e28241", R + "A"},
      {"e2|82|41", R + "A"},
      {"e282|e282ac", R + "\xE2\x82\xAC"},
      {"f09f41", R + "A"},
      {"f09f9841", R + "A"},
      {"f0|9f|41", R + "A"},
      {"f09f98|c3a9", R + "\xC3\xA9"},
      {"e282c3", R + R},
      {"c3c3a9", R + "\xC3\xA9"},
      {"c3|c3|a9", R + "\xC3\xA9"},
      {"61f18080e180c262806380bf64", "a" + R + R + R + "b" + R + "c" + R + R + "d"},
      {"61|f1|80|80|e1|80|c2|62|80|63|80|bf|64", "a" + R + R + R + "b" + R + "c" + R + R + "d"},
      {"efbbbf41",
       "\xEF\xBB\xBF"
       "A"},
      {"ef|bb|bf|41",
       "\xEF\xBB\xBF"
       "A"},
      {"41efbbbf", "A\xEF\xBB\xBF"},
      {"efbbbfefbbbf", "\xEF\xBB\xBF\xEF\xBB\xBF"},
      {"efbb", R},
      {"efbfbe|efbfbf", "\xEF\xBF\xBE\xEF\xBF\xBF"},
      {"00|4100", std::string("\0A\0", 3)},
      {"|c3||a9|", "\xC3\xA9"},
      {"e2|28a1", R + "(" + R},
      {"f0|288cbc", R + "(" + R + R},
      {"efbfbd", R},
      {"41", "A"},
  };
  for (const auto& [pieces, text] : rows) {
    INFO(pieces);
    REQUIRE(to_hex(stream(pieces, Encoding::utf8)) == to_hex(text));
    std::string whole;
    for (const char digit : pieces) {
      if (digit != '|') whole += digit;
    }
    REQUIRE(to_hex(decode(unhex(whole), Encoding::utf8)) == to_hex(text));
    require_every_split(unhex(whole), Encoding::utf8);
  }
}

TEST_CASE("a piece that completes no character gives no text", "[encoding]") {
  Decoder decoder(Encoding::utf8);
  REQUIRE(decoder.write("A\xE2") == "A");
  REQUIRE(decoder.write("\x82") == "");
  REQUIRE(decoder.write("\xAC"
                        "B\xF0\x9F") ==
          "\xE2\x82\xAC"
          "B");
  REQUIRE(decoder.write("") == "");
  REQUIRE(decoder.write("\x98") == "");
  REQUIRE(decoder.write("\x80") == "\xF0\x9F\x98\x80");
  REQUIRE(decoder.end() == "");
}

TEST_CASE("what is complete is not held back", "[encoding]") {
  for (const char* const text : {"A", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    Decoder decoder(Encoding::utf8);
    REQUIRE(decoder.write(text) == text);
    REQUIRE(decoder.end() == "");
  }
  REQUIRE(Decoder(Encoding::utf8).write("\x80\x80") == R + R);
  REQUIRE(Decoder(Encoding::utf16le).write(unhex("41003dd800de")) == "A\xF0\x9F\x98\x80");
  REQUIRE(Decoder(Encoding::base64).write("abcabc") == "YWJjYWJj");
}

TEST_CASE("a decoder begins anew after its end", "[encoding]") {
  Decoder decoder(Encoding::utf8);
  REQUIRE(decoder.encoding() == Encoding::utf8);
  REQUIRE(decoder.write("\xE2") == "");
  REQUIRE(decoder.end() == R);
  REQUIRE(decoder.write("\x82") == R);
  REQUIRE(decoder.end() == "");
  REQUIRE(Decoder().encoding() == Encoding::utf8);
}

TEST_CASE("every split of every encoding joins to the whole", "[encoding]") {
  const std::vector<std::string> samples = {
      "",
      "plain ASCII",
      unhex("61f18080e180c262806380bf64"),
      unhex("efbbbf41e282acf09f9880c3a9"),
      unhex("3dd800de41003dd83dd800de00d8"),  // pairs and lone halves of utf16le
      unhex("00de3dd8003dd8"),
      unhex("f09f98e282c3f4908080edbfbf00ff"),
  };
  for (const std::string& sample : samples) {
    for (const Encoding encoding : all_encodings) {
      require_every_split(sample, encoding);
      require_byte_by_byte(sample, encoding);
    }
  }
}

TEST_CASE("a run of ASCII of any length may stand before and behind a character", "[encoding]") {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string left(before, 'a');
      const std::string right(behind, 'b');
      REQUIRE(decode(left + "\xE2\x82\xAC" + right, Encoding::utf8) ==
              left + "\xE2\x82\xAC" + right);
      REQUIRE(decode(left + "\x80" + right, Encoding::utf8) == left + R + right);
    }
  }
}

TEST_CASE("every valid code point survives utf8 and utf16le, every surrogate is replaced",
          "[encoding]") {
  std::string units;
  for (unsigned unit = 0; unit < 0x10000; ++unit) {
    if (unit >= 0xD800 && unit <= 0xDBFF) continue;  // before a low one it would be a pair
    units += static_cast<char>(static_cast<unsigned char>(unit & 0xFF));
    units += static_cast<char>(static_cast<unsigned char>(unit >> 8));
  }
  const std::string text = decode(units, Encoding::utf16le);
  REQUIRE(decode(text, Encoding::utf8) == text);
  std::string low_surrogates_replaced = units;
  for (std::size_t at = 0; at < units.size(); at += 2) {
    const auto high = static_cast<unsigned char>(units[at + 1]);
    if (high < 0xDC || high > 0xDF) continue;
    low_surrogates_replaced[at] = '\xFD';
    low_surrogates_replaced[at + 1] = '\xFF';
  }
  REQUIRE((encode(text, Encoding::utf16le) == low_surrogates_replaced));
}

TEST_CASE("utf16le keeps pairs together, and drops an odd byte at the end", "[encoding]") {
  const auto text = [](std::string_view pieces) { return stream(pieces, Encoding::utf16le); };
  REQUIRE(text("41|0042|00") == "AB");
  REQUIRE(text("3dd8|00de") == "\xF0\x9F\x98\x80");
  REQUIRE(text("3d|d8|00|de") == "\xF0\x9F\x98\x80");
  REQUIRE(text("3dd8") == R);
  REQUIRE(text("3dd800") == R);
  REQUIRE(text("00de") == R);
  REQUIRE(text("3dd8|3dd8|00de") == R + "\xF0\x9F\x98\x80");
  REQUIRE(text("3dd84100") == R + "A");
  REQUIRE(text("41") == "");
  REQUIRE(text("410042") == "A");
  REQUIRE(text("fffe") == "\xEF\xBB\xBF");  // a byte order mark is kept
  REQUIRE(text("00d8|00dc") == "\xF0\x90\x80\x80");
  REQUIRE(text("ffdb|ffdf") == "\xF4\x8F\xBF\xBF");
  REQUIRE(text("fffb|ffff") == "\xEF\xAF\xBF\xEF\xBF\xBF");
  REQUIRE(to_hex(encode("A\xE2\x82\xAC\xF0\x9F\x98\x80", Encoding::utf16le)) == "4100ac203dd800de");
  REQUIRE(to_hex(encode("\xF4\x8F\xBF\xBF", Encoding::utf16le)) == "ffdbffdf");
  REQUIRE(to_hex(encode("\xE2\x82", Encoding::utf16le)) == "fdff");

  Decoder decoder(Encoding::utf16le);
  REQUIRE(decoder.write(unhex("41003dd8")) == "A");
  REQUIRE(decoder.write(unhex("00")) == "");
  REQUIRE(decoder.write(unhex("de42")) == "\xF0\x9F\x98\x80");
  REQUIRE(decoder.end() == "");
}

TEST_CASE("hex decoding stops at the first bad digit and drops an odd one", "[encoding]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"48656c6c6f", "Hello"},
      {"4", ""},
      {"48656", "He"},
      {"486g65", "H"},
      {"zz48", ""},
      {"48 65", "H"},
      {"0x48", ""},
      {"48\n65", "H"},
      {"AbCd", "\xAB\xCD"},
      {"", ""},
      {"g", ""},
      {"4865 ", "He"},
      {"\xEF\xBC\x94\xEF\xBC\x98", ""},  // full-width digits
      {"41\xF0\x9F\x98\x80"
       "42",
       "A"},
      {"\xC4\xB4\xC4\xB8", "H"},  // U+0134 U+0138: Node sees the low bytes, "48"
      {"@0", ""},
      {"G0", ""},
      {"`0", ""},
      {"/0", ""},
      {":0", ""},
  };
  for (const auto& [text, bytes] : rows) {
    INFO(text);
    REQUIRE(encode(text, Encoding::hex) == bytes);
  }
}

TEST_CASE("hex text is lower case, and a stream of it holds nothing back", "[encoding]") {
  REQUIRE(to_hex(std::string("\0\xAB\xFF\x10", 4)) == "00abff10");
  Decoder decoder(Encoding::hex);
  REQUIRE(decoder.write("\xE2") == "e2");
  REQUIRE(decoder.write("\x82\xAC") == "82ac");
  REQUIRE(decoder.end() == "");
}

TEST_CASE("base64 takes both alphabets, skips what is foreign, stops at the first =",
          "[encoding]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"aGk=", "6869"},
      {"aGk", "6869"},
      {"aG k=", "6869"},
      {"aGk=aGk=", "6869"},
      {"a", ""},
      {"aG", "68"},
      {"====", ""},
      {"aGk-_w", "68693eff"},
      {"aGk+/w==", "68693eff"},
      {"!a!G!k!", "6869"},
      {"aGk==", "6869"},
      {"aGkA\n", "686900"},
      {"", ""},
      {"-_8", "fbff"},
      {"+/8=", "fbff"},
      {"aG=k", "68"},
      {"=aGk", ""},
      {"a\xC3\xA9Gk", "6869"},
      {"aGkaGka", "68691a1a46"},
      {"aGk\xC5\x81\xC5\x82", "686900"},          // U+0141 U+0142: the low bytes, "AB"
      {"a\xE2\x82\xACG\xF0\x9F\x98\x80k", "68"},  // U+D83D of the pair: its low byte is '='
  };
  for (const auto& [text, bytes] : rows) {
    INFO(text);
    REQUIRE(to_hex(encode(text, Encoding::base64)) == bytes);
    REQUIRE(to_hex(encode(text, Encoding::base64url)) == bytes);
  }
}

TEST_CASE("base64 text is padded, base64url is not", "[encoding]") {
  // RFC 4648, section 10.
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF", "+/8="},
  };
  for (const auto& [bytes, text] : rows) REQUIRE(decode(bytes, Encoding::base64) == text);
  REQUIRE(decode("\xFB\xFF", Encoding::base64url) == "-_8");
  REQUIRE(decode("f", Encoding::base64url) == "Zg");
}

TEST_CASE("base64 streams in groups of three bytes", "[encoding]") {
  Decoder decoder(Encoding::base64);
  REQUIRE(decoder.write("\x01") == "");
  REQUIRE(decoder.write("\x02\x03") == "AQID");
  REQUIRE(decoder.write("\x04") == "");
  REQUIRE(decoder.end() == "BA==");
  REQUIRE(decoder.write("\x01\x02\x03") == "AQID");
  REQUIRE(decoder.write("\x01\x02") == "");
  REQUIRE(decoder.end() == "AQI=");
  REQUIRE(stream("fb|ff", Encoding::base64url) == "-_8");
}

TEST_CASE("all bytes go through hex, base64, base64url and latin1 and come back", "[encoding]") {
  std::string bytes;
  for (int octet = 0; octet < 256; ++octet)
    bytes += static_cast<char>(static_cast<unsigned char>(octet));
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string part = bytes.substr(bytes.size() - length);
    for (const Encoding encoding :
         {Encoding::raw, Encoding::hex, Encoding::base64, Encoding::base64url, Encoding::latin1}) {
      if (encode(decode(part, encoding), encoding) != part) {
        FAIL(onesock::encoding_name(encoding) << " of the last " << length);
      }
    }
  }
  SUCCEED("all agree");
}

TEST_CASE("latin1 keeps the low byte of each UTF-16 unit, ascii loses the eighth bit",
          "[encoding]") {
  const std::string text = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";  // e acute, euro, a face
  REQUIRE(to_hex(encode(text, Encoding::latin1)) == "e9ac3d00");
  REQUIRE(to_hex(encode(text, Encoding::ascii)) == "e9ac3d00");
  REQUIRE(to_hex(encode("\xFF", Encoding::latin1)) == "fd");
  REQUIRE(decode("\xE9", Encoding::latin1) == "\xC3\xA9");
  REQUIRE(to_hex(decode(unhex("ff80e9"), Encoding::latin1)) == "c3bfc280c3a9");
  REQUIRE(to_hex(decode(unhex("ff80e9"), Encoding::ascii)) == "7f0069");
}

TEST_CASE("raw and utf8 encoding give the text back, raw decoding the bytes", "[encoding]") {
  const std::string bytes = unhex("00ff41e282f09f9880");
  REQUIRE(encode(bytes, Encoding::raw) == bytes);
  REQUIRE(encode(bytes, Encoding::utf8) == bytes);
  REQUIRE(decode(bytes, Encoding::raw) == bytes);
  REQUIRE(stream("00ff|e2", Encoding::raw) == unhex("00ffe2"));
}
