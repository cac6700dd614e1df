// onesock: addresses as text: what is one, how it is printed, and that each way undoes the other.
// SPDX-License-Identifier: MIT

#include <cstddef>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"

using onesock::Address;
using onesock::Family;
using onesock::detail::format_ipv4;
using onesock::detail::format_ipv6;
using onesock::detail::Ipv6Bytes;
using onesock::detail::parse_ipv4;
using onesock::detail::parse_ipv6;

namespace {

/// The address in the one way we print it; "" if it is no IPv6 address.
std::string reprint_ipv6(std::string_view text) {
  std::string_view zone;
  const auto bytes = parse_ipv6(text, zone);
  return bytes ? format_ipv6(*bytes) : "";
}

std::string mutate(std::string text, std::mt19937& random) {
  const std::string_view letters = "0123456789abcdefABCDEF::::....%%[]/xg -_\0\x80\xff";
  for (std::size_t edits = 1 + random() % 3; edits > 0; --edits) {
    const std::size_t place = random() % (text.size() + 1);
    const char letter = letters[random() % letters.size()];
    switch (random() % 4) {
      case 0:
        text.insert(place, 1, letter);
        break;
      case 1:
        text.erase(place, 1);
        break;
      case 2:
        if (place < text.size()) text[place] = letter;
        break;
      default:
        text.insert(place, text.substr(random() % (text.size() + 1), random() % 6));
    }
  }
  return text;
}

/// What must hold for any text at all, address or not.
bool keeps_its_promises(const std::string& text) {
  const int version = onesock::is_ip(text);
  if (onesock::is_ipv4(text) != (version == 4)) return false;
  if (onesock::is_ipv6(text) != (version == 6)) return false;
  if (version == 4 && format_ipv4(*parse_ipv4(text)) != text) return false;
  if (version == 6) {
    const std::string printed = reprint_ipv6(text);
    if (onesock::is_ip(printed) != 6 || reprint_ipv6(printed) != printed) return false;
  }
  const auto address = Address::parse(text);
  if (address && (address->to_string() != text || onesock::is_ip(address->host) == 0)) return false;
  const auto parsed = Address::parse(Address::from_ip(text, 80).to_string());
  return version == 0 || (parsed && *parsed == Address::from_ip(text, 80));
}

}  // namespace

TEST_CASE("is_ip answers as Node's isIP", "[address]") {
  const struct {
    const char* text;
    int version;
  } rows[] = {
      {"127.0.0.1", 4},       {"127.1", 0},         {"::1", 6},      {"::ffff:1.2.3.4", 6},
      {"fe80::1%lo", 6},      {"01.2.3.4", 0},      {"1.2.3.4 ", 0}, {"1.2.3.256", 0},
      {"::1::", 0},           {"[::1]", 0},         {"0x7f.1", 0},   {"", 0},
      {"1:2:3:4:5:6:7:8", 6}, {"1:2:3:4:5:6:7", 0}, {"::1%", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(onesock::is_ip(row.text) == row.version);
    CHECK(onesock::is_ipv4(row.text) == (row.version == 4));
    CHECK(onesock::is_ipv6(row.text) == (row.version == 6));
  }
}

TEST_CASE("an IPv4 address has four decimal parts and nothing else", "[address]") {
  for (const char* text : {"0.0.0.0", "255.255.255.255", "10.20.30.40"}) {
    CAPTURE(text);
    CHECK(onesock::is_ip(text) == 4);
  }
  for (const char* text :
       {"1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", " 1.2.3.4", "+1.2.3.4",
        "-1.2.3.4", "1.2.3.00", "1.2.3.1000", "1.2.3.99999999999999", "1.2.3.a", "1.2.3.4%lo",
        "1,2,3,4", "2130706433"}) {
    CAPTURE(text);
    CHECK(onesock::is_ip(text) == 0);
  }
  CHECK(onesock::is_ip(std::string_view("1.2.3.4\0", 8)) == 0);
}

TEST_CASE("an IPv6 address has eight groups, one gap at most, and may end as IPv4", "[address]") {
  for (const char* text :
       {"::", "1::", "::8", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "FE80::ABcd", "::1.2.3.4",
        "64:ff9b::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5::1.2.3.4", "::2:3:4:5:6:1.2.3.4",
        "0000::0001", "::%lo", "fe80::1%eth0.1", "fe80::1%br_lan", "fe80::1%12"}) {
    CAPTURE(text);
    CHECK(onesock::is_ip(text) == 6);
  }
  for (const char* text : {":",
                           ":::",
                           "1",
                           "1:",
                           ":1",
                           "1:::2",
                           "1::2::3",
                           "00001::",
                           "g::",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "1:2:3:4:5:6::1.2.3.4",
                           "1.2.3.4::",
                           "1.2.3.4::1",
                           "::1.2.3.4:5",
                           "::1.2.3",
                           "::01.2.3.4",
                           "::1.2.3.4.",
                           "1:2:3:4:5:6:7:8:",
                           ":1:2:3:4:5:6:7:8",
                           "::1 ",
                           " ::1",
                           "fe80::1%lo%lo",
                           "fe80::1%a b",
                           "fe80::1%a/b",
                           "%lo"}) {
    CAPTURE(text);
    CHECK(onesock::is_ip(text) == 0);
  }
}

TEST_CASE("parsing gives the bytes in network order and the zone beside them", "[address]") {
  CHECK(parse_ipv4("1.2.3.4") == onesock::detail::Ipv4Bytes{1, 2, 3, 4});
  std::string_view zone = "old";
  const auto bytes = parse_ipv6("fe80::1:203%eth0", zone);
  CHECK(bytes == Ipv6Bytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3});
  CHECK(zone == "eth0");
  CHECK(parse_ipv6("::1.2.3.4", zone) == Ipv6Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  CHECK(zone.empty());
}

TEST_CASE("IPv6 addresses are printed as RFC 5952 says", "[address]") {
  const struct {
    const char* text;
    const char* printed;
  } rows[] = {
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"1:0:0:0:0:0:0:0", "1::"},
      {"2001:0DB8:0:0:0:0:0:0ABC", "2001:db8::abc"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"0:0:1:0:0:0:0:0", "0:0:1::"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"0:2:3:4:5:6:7:0", "0:2:3:4:5:6:7:0"},
      {"::ffff:102:304", "::ffff:1.2.3.4"},
      {"::1.2.3.4", "::102:304"},
      {"10:200:3000:f:1:1:1:1000", "10:200:3000:f:1:1:1:1000"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(reprint_ipv6(row.text) == row.printed);
  }
}

TEST_CASE("any sixteen bytes survive printing and parsing", "[address]") {
  const std::uint32_t seed = 5952;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    Ipv6Bytes bytes{};
    const unsigned zeros = random() % 4;
    for (auto& octet : bytes)
      octet = static_cast<std::uint8_t>(random() % 4 < zeros ? 0 : random());
    std::string_view zone;
    const std::string text = format_ipv6(bytes);
    if (parse_ipv6(text, zone) != bytes) FAIL(text);
  }
}

TEST_CASE("an address is printed with its port, a path without", "[address]") {
  CHECK(Address::from_ip("127.0.0.1", 80).to_string() == "127.0.0.1:80");
  CHECK(Address::from_ip("::1", 0).to_string() == "[::1]:0");
  CHECK(Address::from_ip("fe80::1%lo", 65535).to_string() == "[fe80::1%lo]:65535");
  CHECK(Address{"app.sock", 0, Family::local}.to_string() == "app.sock");
  CHECK(Address{"x.invalid", 80, Family::any}.to_string() == "x.invalid:80");
  CHECK(Address().to_string().empty());
  std::ostringstream stream;
  stream << Address::from_ip("::1", 80);
  CHECK(stream.str() == "[::1]:80");
}

TEST_CASE("the family comes from the text", "[address]") {
  CHECK(Address::from_ip("1.2.3.4", 1).family == Family::ipv4);
  CHECK(Address::from_ip("::", 1).family == Family::ipv6);
  CHECK(Address::from_ip("localhost", 1).family == Family::any);
  CHECK(onesock::family_name(Family::ipv4) == "IPv4");
  CHECK(onesock::family_name(Family::ipv6) == "IPv6");
  CHECK(onesock::family_name(Family::local) == "local");
  CHECK(onesock::family_name(Family::any).empty());
}

TEST_CASE("parse reads what to_string writes, and nothing else", "[address]") {
  for (const char* text : {"127.0.0.1:80", "[::1]:80", "0.0.0.0:0", "[::]:65535", "[fe80::1%lo]:1",
                           "[::ffff:1.2.3.4]:443"}) {
    CAPTURE(text);
    const auto address = Address::parse(text);
    REQUIRE(address);
    CHECK(address->to_string() == text);
  }
  for (const char* text : {"",
                           ":",
                           "80",
                           ":80",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:1 ",
                           "127.0.0.1:080",
                           "127.0.0.1:4294967297",
                           "[127.0.0.1]:80",
                           "::1:80",
                           "[::1]",
                           "[::1]80",
                           "[::1]:",
                           "[::1:80",
                           "::1]:80",
                           "[]:80",
                           "[[::1]]:80",
                           "localhost:80",
                           "app.sock"}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text));
  }
}

TEST_CASE("addresses are equal when host, port and family are", "[address]") {
  const Address address = Address::from_ip("127.0.0.1", 80);
  CHECK(address == Address{"127.0.0.1", 80, Family::ipv4});
  CHECK(address != Address::from_ip("127.0.0.2", 80));
  CHECK(address != Address::from_ip("127.0.0.1", 81));
  CHECK(address != Address{"127.0.0.1", 80, Family::local});
  CHECK(Address().empty());
  CHECK_FALSE(address.empty());
  CHECK_FALSE(Address{"", 0, Family::local}.empty());
}

TEST_CASE("no mutated address breaks a promise", "[address]") {
  const std::uint32_t seed = 20240607;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> start = {"127.0.0.1",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "1:2:3:4:5:6:7:8",
                                          "fe80::1%lo",
                                          "::ffff:1.2.3.4",
                                          "1:2:3:4:5::1.2.3.4",
                                          "2001:db8:0:0:1:0:0:1",
                                          "127.0.0.1:80",
                                          "[::1]:80",
                                          "[fe80::1%lo]:65535"};
  int versions[7] = {};
  for (int round = 0; round < 100000; ++round) {
    const std::string text = mutate(start[random() % start.size()], random);
    if (!keeps_its_promises(text)) FAIL(text);
    ++versions[onesock::is_ip(text)];
  }
  // Else the mutations would say nothing about one of the three answers.
  CHECK(versions[0] > 10000);
  CHECK(versions[4] > 1000);
  CHECK(versions[6] > 1000);
}
