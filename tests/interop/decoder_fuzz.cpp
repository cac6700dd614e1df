// onesock: what our encodings make of the cases on stdin, one answer in hex per line.
// SPDX-License-Identifier: MIT
//
// A case is "decode NAME HEX|HEX|..." (a stream in pieces) or "encode NAME HEX" (UTF-8 text).
// decoder_fuzz.js makes the cases and compares the answers with Node's own.

#include <iostream>
#include <sstream>
#include <string>

#include "onesock.hpp"

using onesock::Encoding;

static std::string decode_pieces(const std::string& pieces, Encoding encoding) {
  onesock::Decoder decoder(encoding);
  std::istringstream stream(pieces);
  std::string text;
  for (std::string piece; std::getline(stream, piece, '|');) {
    text += decoder.write(onesock::encode(piece, Encoding::hex));
  }
  return text + decoder.end();
}

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    std::string name;
    std::string data;
    words >> what >> name >> data;
    const auto encoding = onesock::parse_encoding(name);
    if (!encoding) {
      std::cerr << "no such encoding: " << name << '\n';
      return 1;
    }
    const std::string answer =
        what == "decode" ? decode_pieces(data, *encoding)
                         : onesock::encode(onesock::encode(data, Encoding::hex), *encoding);
    std::cout << onesock::decode(answer, Encoding::hex) << '\n';
  }
}
