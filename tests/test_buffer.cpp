// onesock: bytes borrowed and owned: what converts, what compares, and Node's Buffer operations.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"

using onesock::Buffer;
using onesock::BufferView;
using onesock::Encoding;

namespace {

template <class From>
constexpr bool converts = std::is_convertible_v<From, BufferView>;

static_assert(converts<const char*> && converts<char*> && converts<const char (&)[3]>);
static_assert(converts<std::string> && converts<std::string_view> && converts<const std::string&>);
static_assert(converts<std::vector<std::uint8_t>> && converts<std::vector<char>>);
static_assert(converts<std::vector<signed char>> && converts<std::vector<std::byte>>);
static_assert(converts<std::array<std::byte, 3>> && converts<const unsigned char (&)[3]>);
static_assert(converts<std::byte (&)[2]> && converts<std::initializer_list<std::uint8_t>>);
static_assert(converts<Buffer> && converts<const Buffer&> && converts<decltype(u8"a")>);

static_assert(!converts<std::nullptr_t> && !converts<int> && !converts<char> && !converts<bool>);
static_assert(!converts<std::size_t> && !converts<double> && !converts<void*>);
static_assert(!converts<const unsigned char*>);  // of what size?
static_assert(!converts<std::vector<int>> && !converts<std::wstring> && !converts<const wchar_t*>);
static_assert(!std::is_constructible_v<BufferView, std::nullptr_t>);
static_assert(!std::is_constructible_v<BufferView, int>);
static_assert(!std::is_constructible_v<Buffer, std::nullptr_t>);
static_assert(!std::is_constructible_v<Buffer, int>);
static_assert(std::is_constructible_v<BufferView, const void*, std::size_t>);
static_assert(std::is_constructible_v<Buffer, const void*, std::size_t>);
static_assert(!std::is_convertible_v<BufferView, Buffer>);    // a copy is asked for
static_assert(!std::is_convertible_v<Buffer&, BufferView&>);  // no view is assigned over it
static_assert(std::is_convertible_v<BufferView, std::string_view>);
static_assert(std::is_convertible_v<Buffer, std::string_view>);

// `{0, 2}` is two numbers, not a null pointer and a size.
template <class Take, class = void>
constexpr bool takes_two_numbers = false;
template <class Take>
constexpr bool takes_two_numbers<Take, std::void_t<decltype(std::declval<Take>()({0, 2}))>> = true;
static_assert(!takes_two_numbers<void (*)(BufferView)>);
static_assert(takes_two_numbers<void (*)(std::pair<int, int>)>);  // that the question is right

static_assert(std::is_trivially_copyable_v<BufferView>);
static_assert(std::is_nothrow_move_constructible_v<Buffer>);
static_assert(std::is_nothrow_move_assignable_v<Buffer>);
static_assert(std::is_same_v<decltype(std::declval<Buffer&>().data()), std::uint8_t*>);
static_assert(std::is_same_v<decltype(std::declval<const Buffer&>().data()), const std::uint8_t*>);

std::string printed(BufferView view) {
  std::ostringstream stream;
  stream << view;
  return stream.str();
}

/// `left` and `right` are the same bytes: every way to ask must say so.
template <class Left, class Right>
void require_same(const Left& left, const Right& right) {
  REQUIRE((left == right));
  REQUIRE((right == left));
  REQUIRE_FALSE((left != right));
  REQUIRE_FALSE((right != left));
  REQUIRE_FALSE((left < right));
  REQUIRE_FALSE((right < left));
}

/// `left` comes before `right`.
template <class Left, class Right>
void require_before(const Left& left, const Right& right) {
  REQUIRE_FALSE((left == right));
  REQUIRE_FALSE((right == left));
  REQUIRE((left != right));
  REQUIRE((right != left));
  REQUIRE((left < right));
  REQUIRE_FALSE((right < left));
}

template <class Bytes>
void require_compares_with_everything(const Bytes& abc) {
  require_same(abc, BufferView("abc"));
  require_same(abc, Buffer("abc"));
  require_same(abc, "abc");
  require_same(abc, u8"abc");
  require_same(abc, static_cast<const char*>("abc"));
  require_same(abc, std::string("abc"));
  require_same(abc, std::string_view("abc"));
  require_same(abc, std::vector<std::uint8_t>{'a', 'b', 'c'});
  require_same(abc, std::vector<char>{'a', 'b', 'c'});
  require_same(abc, std::array<std::byte, 3>{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}});
  const unsigned char bytes[] = {'a', 'b', 'c'};
  require_same(abc, bytes);

  require_before(abc, BufferView("abd"));
  require_before(abc, Buffer("abcd"));
  require_before(abc, "b");
  require_before(abc, static_cast<const char*>("abca"));
  require_before(abc, std::string("abc\0", 4));
  require_before(abc, std::string_view("\x80"));  // bytes are unsigned
  require_before(abc, std::vector<std::uint8_t>{'a', 'b', 'c', 0});
}

}  // namespace

TEST_CASE("a view is made from text up to its NUL", "[buffer]") {
  REQUIRE(BufferView("abc").size() == 3);
  REQUIRE(BufferView("a\0c").size() == 1);
  REQUIRE(BufferView(u8"\u00e9").hex() == "c3a9");
  const char* const text = "abc";
  REQUIRE(BufferView(text).raw() == "abc");
  const char* const nothing = nullptr;
  REQUIRE(BufferView(nothing).empty());
  char array[8] = "abc";
  REQUIRE(BufferView(array).size() == 3);
  REQUIRE(BufferView().empty());
  REQUIRE(BufferView().data() == nullptr);
  REQUIRE(BufferView().raw() == "");
}

TEST_CASE("a view is made from anything contiguous of one-byte elements, NULs and all",
          "[buffer]") {
  REQUIRE(BufferView(std::string("a\0c", 3)).size() == 3);
  REQUIRE(BufferView(std::string_view("a\0c", 3)).size() == 3);
  const std::vector<std::uint8_t> vector = {1, 0, 255};
  REQUIRE(BufferView(vector).hex() == "0100ff");
  REQUIRE(BufferView(vector).data() == vector.data());
  const std::vector<char> chars = {'a', '\0'};
  REQUIRE(BufferView(chars).hex() == "6100");
  const std::array<std::byte, 2> array = {std::byte{0}, std::byte{0xFE}};
  REQUIRE(BufferView(array).hex() == "00fe");
  const unsigned char bytes[] = {'a', 0, 'b', 0};
  REQUIRE(BufferView(bytes).hex() == "61006200");
  const std::uint32_t number = 0;
  REQUIRE(BufferView(&number, sizeof number).hex() == "00000000");
  REQUIRE(BufferView("a\0c", 3).hex() == "610063");
}

TEST_CASE("views and buffers compare with everything, on both sides", "[buffer]") {
  require_compares_with_everything(BufferView("abc"));
  require_compares_with_everything(Buffer("abc"));
  require_same(BufferView(), "");
  require_same(Buffer(), std::string());
  require_same(BufferView(), Buffer());
  require_before(BufferView(), Buffer("a"));
  const std::optional<Buffer> line = Buffer("abc");
  REQUIRE((line == "abc"));
  REQUIRE((line == BufferView("abc")));
  REQUIRE((std::vector<Buffer>{Buffer("a")} == std::vector<Buffer>{Buffer("a")}));
}

TEST_CASE("buffers are keys of a map, found by any text", "[buffer]") {
  std::map<Buffer, int, std::less<>> ages;
  ages.emplace("ann", 1);
  ages.emplace("bob", 2);
  REQUIRE(ages.find("bob")->second == 2);
  REQUIRE(ages.find(std::string_view("ann"))->second == 1);
  REQUIRE(ages.find(BufferView("eve")) == ages.end());
  std::map<BufferView, int> views = {{"b", 2}, {"a", 1}};
  REQUIRE(views.begin()->second == 1);
}

TEST_CASE("compare tells the order as -1, 0 or 1", "[buffer]") {
  REQUIRE(BufferView("a").compare("ab") == -1);
  REQUIRE(BufferView("ab").compare("ab") == 0);
  REQUIRE(BufferView("b").compare("ab") == 1);
  REQUIRE(BufferView("\xFF").compare("a") == 1);
  REQUIRE(BufferView("a").equals("a"));
  REQUIRE_FALSE(BufferView("a").equals("A"));
}

TEST_CASE("a view is walked, indexed and converted", "[buffer]") {
  const BufferView view("a\xFF");
  int sum = 0;
  for (const std::uint8_t octet : view) sum += octet;
  REQUIRE(sum == 'a' + 255);
  REQUIRE(view[1] == 255);
  const std::string_view text = view;
  REQUIRE(text == "a\xFF");
  std::string joined = "<";
  joined += view;
  REQUIRE(joined == "<a\xFF");
  REQUIRE(std::string(view) == "a\xFF");
}

TEST_CASE("inspect shows fifty bytes and counts the others", "[buffer]") {
  const auto hex_of_nuls = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "00" : " 00";
    return text;
  };
  REQUIRE(BufferView("Hello").inspect() == "<Buffer 48 65 6c 6c 6f>");
  REQUIRE(BufferView().inspect() == "<Buffer >");
  REQUIRE(Buffer::alloc(1).inspect() == "<Buffer 00>");
  REQUIRE(Buffer::alloc(50).inspect() == "<Buffer " + hex_of_nuls(50) + ">");
  REQUIRE(Buffer::alloc(51).inspect() == "<Buffer " + hex_of_nuls(50) + " ... 1 more byte>");
  REQUIRE(Buffer::alloc(52).inspect() == "<Buffer " + hex_of_nuls(50) + " ... 2 more bytes>");
}

TEST_CASE("streaming prints raw bytes as inspect, decoded ones as their text", "[buffer]") {
  REQUIRE(printed("Hi") == "<Buffer 48 69>");
  REQUIRE(printed(BufferView("Hi", Encoding::utf8)) == "Hi");
  const BufferView hex_text("4869", Encoding::hex);
  REQUIRE(hex_text.encoding() == Encoding::hex);
  REQUIRE(printed(hex_text) == "4869");
  REQUIRE(printed(hex_text.slice(2)) == "69");
  REQUIRE(hex_text == BufferView("4869"));
  REQUIRE(Buffer(hex_text).encoding() == Encoding::raw);
  REQUIRE(printed(Buffer(hex_text)) == "<Buffer 34 38 36 39>");
  REQUIRE(BufferView("Hi").encoding() == Encoding::raw);
}

TEST_CASE("bytes are shown as text, all or a part of them", "[buffer]") {
  const Buffer hello("Hello");
  REQUIRE(hello.utf8() == "Hello");
  REQUIRE(hello.hex() == "48656c6c6f");
  REQUIRE(hello.base64() == "SGVsbG8=");
  REQUIRE(hello.to_string() == "Hello");
  REQUIRE(hello.to_string(Encoding::base64url) == "SGVsbG8");
  REQUIRE(hello.to_string(Encoding::utf8, 1, 3) == "el");
  REQUIRE(hello.to_string(Encoding::hex, 3) == "6c6f");
  REQUIRE(hello.to_string(Encoding::utf8, 9) == "");
  REQUIRE(hello.to_string(Encoding::utf8, 3, 1) == "");
  REQUIRE(hello.to_string(Encoding::utf8, 1, 99) == "ello");
  REQUIRE(BufferView("\xFF").utf8() == "\xEF\xBF\xBD");
}

TEST_CASE("a slice counts negative places from the end, and is cut", "[buffer]") {
  const BufferView hello("hello");
  REQUIRE(hello.slice() == "hello");
  REQUIRE(hello.slice(2) == "llo");
  REQUIRE(hello.slice(1, 3) == "el");
  REQUIRE(hello.slice(-2) == "lo");
  REQUIRE(hello.slice(-3, -1) == "ll");
  REQUIRE(hello.slice(-9, 2) == "he");
  REQUIRE(hello.slice(1, 99) == "ello");
  REQUIRE(hello.slice(3, 1) == "");
  REQUIRE(hello.slice(5) == "");
  REQUIRE(hello.slice(9) == "");
  REQUIRE(hello.slice(0, BufferView::npos) == "hello");
  REQUIRE(hello.slice(std::size_t{1}, hello.index_of("o")) == "ell");
  REQUIRE(hello.slice(std::uint8_t{1}, std::int64_t{-1}) == "ell");
  REQUIRE(hello.slice((std::numeric_limits<std::int64_t>::min)(),
                      (std::numeric_limits<std::int64_t>::max)()) == "hello");
  REQUIRE(hello.slice((std::numeric_limits<std::uint64_t>::max)()) == "");
  REQUIRE(BufferView().slice(-1, 1) == "");
}

TEST_CASE("a slice shares the bytes it shows", "[buffer]") {
  Buffer hello("hello");
  const BufferView head = hello.slice(0, 1);
  hello[0] = 'J';
  REQUIRE(head == "J");
  REQUIRE(head.data() == hello.data());
}

TEST_CASE("what is looked for is found from the place named, as in Node", "[buffer]") {
  const BufferView hello("hello");
  constexpr std::size_t npos = BufferView::npos;
  REQUIRE(hello.index_of("l") == 2);
  REQUIRE(hello.index_of("l", 3) == 3);
  REQUIRE(hello.index_of("l", 4) == npos);
  REQUIRE(hello.index_of("o", -1) == 4);
  REQUIRE(hello.index_of("h", -9) == 0);
  REQUIRE(hello.index_of("hellox") == npos);
  REQUIRE(hello.index_of("") == 0);
  REQUIRE(hello.index_of("", 3) == 3);
  REQUIRE(hello.index_of("", 9) == 5);
  REQUIRE(hello.index_of("", -2) == 3);
  REQUIRE(hello.index_of('l') == 2);
  REQUIRE(hello.index_of(0) == npos);
  REQUIRE(BufferView().index_of("") == 0);
  REQUIRE(BufferView().index_of("a") == npos);
  const std::vector<std::uint8_t> ll = {'l', 'l'};
  REQUIRE(hello.index_of(ll) == 2);

  REQUIRE(hello.last_index_of("l") == 3);
  REQUIRE(hello.last_index_of("l", 2) == 2);
  REQUIRE(hello.last_index_of("l", 9) == 3);
  REQUIRE(hello.last_index_of("l", -3) == 2);
  REQUIRE(hello.last_index_of("h", -9) == npos);
  REQUIRE(hello.last_index_of("h", -5) == 0);
  REQUIRE(hello.last_index_of("lo", 4) == 3);
  REQUIRE(hello.last_index_of("lo", 3) == 3);
  REQUIRE(hello.last_index_of("hello", -1) == 0);
  REQUIRE(hello.last_index_of("hellox") == npos);
  REQUIRE(hello.last_index_of("") == 5);
  REQUIRE(hello.last_index_of("", 2) == 2);
  REQUIRE(hello.last_index_of("", -2) == 3);
  REQUIRE(hello.last_index_of("", -9) == 0);
  REQUIRE(hello.last_index_of('l') == 3);
  REQUIRE(hello.last_index_of('x') == npos);

  REQUIRE(hello.includes("ell"));
  REQUIRE_FALSE(hello.includes("ell", 2));
  REQUIRE(hello.includes('o'));
  REQUIRE_FALSE(hello.includes('h', 1));
}

TEST_CASE("a buffer is made from text, bytes, or a size", "[buffer]") {
  REQUIRE(Buffer::from("48656c6c6f", Encoding::hex) == "Hello");
  REQUIRE(Buffer::from("SGVsbG8", Encoding::base64) == "Hello");
  REQUIRE(Buffer::from(std::string("h\xC3\xA9")).hex() == "68c3a9");
  REQUIRE(Buffer::from("h\xC3\xA9", Encoding::latin1).hex() == "68e9");
  REQUIRE(Buffer::from({0x05, 0x01, 0x00}).hex() == "050100");
  REQUIRE(Buffer::from({0, 2}).hex() == "0002");
  REQUIRE(Buffer::from({}).empty());
  REQUIRE(Buffer::alloc(3).hex() == "000000");
  REQUIRE(Buffer::alloc(2, 0xAB).hex() == "abab");
  REQUIRE(Buffer::alloc(0).empty());
  REQUIRE(Buffer("a\0c", 3).size() == 3);
  REQUIRE(Buffer(std::vector<std::uint8_t>{1, 2}).hex() == "0102");
}

TEST_CASE("concat joins views and buffers, cut or filled up to a total", "[buffer]") {
  const Buffer tail("c");
  REQUIRE(Buffer::concat({"a", std::string("b"), tail}) == "abc");
  REQUIRE(Buffer::concat({"a", "bc"}, 2) == "ab");
  REQUIRE(Buffer::concat({"a", "bc"}, 5).hex() == "6162630000");
  REQUIRE(Buffer::concat({}).empty());
  REQUIRE(Buffer::concat(std::vector<Buffer>{Buffer("x"), Buffer("y")}) == "xy");
  REQUIRE(Buffer::concat(std::array<BufferView, 2>{"x", "y"}, 1) == "x");
  REQUIRE(Buffer::concat(std::vector<std::string>{"x", "yz"}) == "xyz");
}

TEST_CASE("a copied buffer is its own, a moved-from one is empty", "[buffer]") {
  for (const char* const text : {"short", "long enough not to be stored inside of the object"}) {
    Buffer original(text);
    Buffer copy = original;
    copy[0] = 'X';
    REQUIRE(original == text);
    REQUIRE(copy.size() == original.size());
    REQUIRE(copy != original);

    Buffer moved = std::move(original);
    REQUIRE(moved == text);
    REQUIRE(original.empty());
    REQUIRE(original == "");
    original.append("again");
    REQUIRE(original == "again");

    copy = moved;
    REQUIRE(copy == text);
    copy = std::move(moved);
    REQUIRE(copy == text);
    Buffer& same = copy;
    copy = same;
    REQUIRE(copy == text);
    copy = {};
    REQUIRE(copy.empty());
    std::swap(copy, original);
    REQUIRE(copy == "again");
    REQUIRE(original.empty());
  }
}

TEST_CASE("a buffer in a growing vector keeps its bytes", "[buffer]") {
  std::vector<Buffer> all;
  for (int i = 0; i < 100; ++i) all.emplace_back(std::to_string(i));
  for (int i = 0; i < 100; ++i) REQUIRE(all[static_cast<std::size_t>(i)] == std::to_string(i));
}

TEST_CASE("a buffer grows, shrinks and is changed in place", "[buffer]") {
  Buffer buffer;
  buffer.append("ab").append(std::vector<std::uint8_t>{'c'}).append("");
  REQUIRE(buffer == "abc");
  buffer.resize(5);
  REQUIRE(buffer.hex() == "6162630000");
  buffer.resize(6, 0xFF);
  REQUIRE(buffer.hex() == "6162630000ff");
  buffer.resize(2);
  REQUIRE(buffer == "ab");
  buffer.data()[0] = 'A';
  buffer[1] = 'B';
  REQUIRE(buffer == "AB");
  std::reverse(buffer.begin(), buffer.end());
  REQUIRE(buffer == "BA");
  buffer.reserve(1000);
  const std::uint8_t* const place = buffer.data();
  buffer.append(std::string(900, 'x'));
  REQUIRE(buffer.data() == place);
  buffer.clear();
  REQUIRE(buffer.empty());
  REQUIRE(buffer == "");
}

TEST_CASE("a buffer may be appended to itself", "[buffer]") {
  Buffer buffer("ab");
  for (int i = 0; i < 10; ++i) buffer.append(buffer);
  REQUIRE(buffer.size() == 2048);
  buffer.consume(2040).append(buffer.slice(0, 3));
  REQUIRE(buffer == "abababababa");
}

TEST_CASE("consume hands out the front and keeps the rest", "[buffer]") {
  Buffer buffer("0123456789");
  buffer.consume(3);
  REQUIRE(buffer == "3456789");
  REQUIRE(buffer[0] == '3');
  buffer.append("ab");
  REQUIRE(buffer == "3456789ab");
  const Buffer copy = buffer;
  REQUIRE(copy == "3456789ab");
  buffer.write_u8('X', 0);
  REQUIRE(buffer == "X456789ab");
  buffer.fill('-', 1, 3);
  REQUIRE(buffer == "X--6789ab");
  buffer.resize(4);
  REQUIRE(buffer == "X--6");
  Buffer moved = std::move(buffer);
  REQUIRE(moved == "X--6");
  moved.reserve(100).consume(0);
  REQUIRE(moved == "X--6");
  moved.consume(99);
  REQUIRE(moved.empty());
  moved.append("new");
  REQUIRE(moved == "new");
}

TEST_CASE("what is queued and consumed by turns comes out in order", "[buffer]") {
  Buffer queue;
  std::uint16_t next_in = 0;
  std::uint16_t next_out = 0;
  for (int turn = 0; turn < 300; ++turn) {
    for (int i = 0; i < 1 + turn % 7; ++i) queue.write_u16_be(next_in++);
    while (queue.size() > static_cast<std::size_t>(turn % 5) * 2) {
      if (queue.read_u16_be() != next_out) FAIL("turn " << turn);
      ++next_out;
      queue.consume(2);
    }
  }
  REQUIRE(next_out > 1000);
}

TEST_CASE("fill repeats a pattern over a part", "[buffer]") {
  REQUIRE(Buffer::alloc(5).fill("ab") == "ababa");
  REQUIRE(Buffer("hello").fill("ab", 1, 4) == "habao");
  REQUIRE(Buffer("hello").fill("").hex() == "0000000000");
  REQUIRE(Buffer("hello").fill('x') == "xxxxx");
  REQUIRE(Buffer("hello").fill('x', -2) == "helxx");
  REQUIRE(Buffer("hello").fill('x', 3, 1) == "hello");
  REQUIRE(Buffer("hello").fill('x', 4, 99) == "hellx");
  Buffer self("abcdef");
  REQUIRE(self.fill(self.slice(0, 2), 1) == "aababa");
}

TEST_CASE("copy writes over a part of a buffer, and as much as fits", "[buffer]") {
  Buffer target("......");
  REQUIRE(BufferView("abc").copy(target, 1) == 3);
  REQUIRE(target == ".abc..");
  REQUIRE(BufferView("xyz").copy(target, 5) == 1);
  REQUIRE(target == ".abc.x");
  REQUIRE(BufferView("xyz").copy(target, 6) == 0);
  REQUIRE(BufferView("xyz").copy(target, BufferView::npos) == 0);
  REQUIRE(BufferView().copy(target) == 0);
  REQUIRE(target.slice(1, 4).copy(target, 2) == 3);  // the two overlap
  REQUIRE(target == ".aabcx");
}

TEST_CASE("can_read tells the bounds without wrapping around", "[buffer]") {
  const BufferView view("1234");
  constexpr std::size_t huge = (std::numeric_limits<std::size_t>::max)();
  REQUIRE(view.can_read(0, 4));
  REQUIRE(view.can_read(4, 0));
  REQUIRE(view.can_read(3, 1));
  REQUIRE_FALSE(view.can_read(0, 5));
  REQUIRE_FALSE(view.can_read(4, 1));
  REQUIRE_FALSE(view.can_read(5, 0));
  REQUIRE_FALSE(view.can_read(huge, 2));
  REQUIRE_FALSE(view.can_read(2, huge));
  REQUIRE_FALSE(view.can_read(huge, huge));
  REQUIRE(BufferView().can_read(0, 0));
}

TEST_CASE("numbers are read in both byte orders", "[buffer]") {
  const Buffer bytes = Buffer::from("0102030405060788", Encoding::hex);
  REQUIRE(bytes.read_u8() == 0x01);
  REQUIRE(bytes.read_u8(7) == 0x88);
  REQUIRE(bytes.read_i8(7) == -120);
  REQUIRE(bytes.read_u16_be() == 0x0102);
  REQUIRE(bytes.read_u16_le() == 0x0201);
  REQUIRE(bytes.read_u16_be(6) == 0x0788);
  REQUIRE(bytes.read_i16_be(6) == 0x0788);
  REQUIRE(bytes.read_i16_le(6) == -30713);
  REQUIRE(bytes.read_u32_be(1) == 0x02030405u);
  REQUIRE(bytes.read_u32_le(1) == 0x05040302u);
  REQUIRE(bytes.read_i32_be(4) == 0x05060788);
  REQUIRE(bytes.read_i32_le(4) == -2012805627);
  REQUIRE(bytes.read_u64_be() == 0x0102030405060788u);
  REQUIRE(bytes.read_u64_le() == 0x8807060504030201u);
  REQUIRE(bytes.read_i64_be() == 0x0102030405060788);
  REQUIRE(bytes.read_i64_le() == -0x77F8F9FAFBFCFDFF);
}

TEST_CASE("a read out of range is 0, however far", "[buffer]") {
  const Buffer bytes(std::string(7, '\xFF'));
  REQUIRE(bytes.read_u8(6) == 0xFF);
  REQUIRE(bytes.read_u8(7) == 0);
  REQUIRE(bytes.read_i8(7) == 0);
  REQUIRE(bytes.read_u16_be(5) == 0xFFFF);
  REQUIRE(bytes.read_u16_be(6) == 0);
  REQUIRE(bytes.read_u16_le(6) == 0);
  REQUIRE(bytes.read_i32_be(3) == -1);
  REQUIRE(bytes.read_i32_be(4) == 0);
  REQUIRE(bytes.read_u32_le(4) == 0);
  REQUIRE(bytes.read_u64_be(0) == 0);
  REQUIRE(bytes.read_i64_le(0) == 0);
  REQUIRE(bytes.read_double_be(0) == 0.0);
  REQUIRE(bytes.read_float_le(4) == 0.0f);
  REQUIRE(bytes.read_u32_be(BufferView::npos) == 0);
  REQUIRE(BufferView().read_u8() == 0);
}

TEST_CASE("numbers are appended in both byte orders, extreme ones too", "[buffer]") {
  Buffer out;
  out.write_u8(255).write_i8(-128);
  out.write_u16_be(0x0102).write_u16_le(0x0102).write_i16_be(-32768).write_i16_le(-2);
  REQUIRE(out.hex() ==
          "ff80"
          "0102"
          "0201"
          "8000"
          "feff");
  out.clear();
  out.write_u32_be(0xFFFFFFFEu)
      .write_u32_le(0x01020304u)
      .write_i32_be(-2)
      .write_i32_le((std::numeric_limits<std::int32_t>::min)());
  REQUIRE(out.hex() ==
          "fffffffe"
          "04030201"
          "fffffffe"
          "00000080");
  out.clear();
  out.write_u64_be(0x0102030405060708u).write_u64_le(0x0102030405060708u);
  out.write_i64_be(-2).write_i64_le((std::numeric_limits<std::int64_t>::min)());
  REQUIRE(out.hex() ==
          "0102030405060708"
          "0807060504030201"
          "fffffffffffffffe"
          "0000000000000080");
  out.clear();
  out.write_float_be(1.5f).write_float_le(1.5f).write_double_be(-2.25).write_double_le(-2.25);
  REQUIRE(out.hex() ==
          "3fc00000"
          "0000c03f"
          "c002000000000000"
          "00000000000002c0");
}

TEST_CASE("extreme numbers come back as they were written", "[buffer]") {
  using U32 = std::numeric_limits<std::uint32_t>;
  using I64 = std::numeric_limits<std::int64_t>;
  using Double = std::numeric_limits<double>;
  REQUIRE(Buffer().write_u32_le((U32::max)()).read_u32_le() == (U32::max)());
  REQUIRE(Buffer().write_i64_be((I64::min)()).read_i64_be() == (I64::min)());
  REQUIRE(Buffer().write_i64_le((I64::max)()).read_i64_le() == (I64::max)());
  for (const double value : {0.0, -0.0, 1.0, Double::denorm_min(), (Double::max)(),
                             Double::lowest(), Double::infinity(), -Double::infinity()}) {
    REQUIRE(Buffer().write_double_be(value).read_double_be() == value);
    REQUIRE(Buffer().write_double_le(value).read_double_le() == value);
    REQUIRE(std::signbit(Buffer().write_double_be(value).read_double_be()) == std::signbit(value));
  }
  REQUIRE(std::isnan(Buffer().write_float_be(std::nanf("")).read_float_be()));
  REQUIRE(Buffer().write_float_le(0.1f).read_float_le() == 0.1f);
}

TEST_CASE("a number is written over bytes where it fits whole, else nothing is", "[buffer]") {
  Buffer out = Buffer::alloc(4);
  REQUIRE(out.write_u16_be(0x0102, 1));
  REQUIRE(out.hex() == "00010200");
  REQUIRE(out.write_i8(-1, 3));
  REQUIRE(out.write_u8(9, 0));
  REQUIRE(out.hex() == "090102ff");
  REQUIRE_FALSE(out.write_u16_be(0xAAAA, 3));
  REQUIRE_FALSE(out.write_u8(0xAA, 4));
  REQUIRE_FALSE(out.write_u64_le(0, 0));
  REQUIRE_FALSE(out.write_double_be(1.0, 0));
  REQUIRE_FALSE(out.write_u32_le(0, BufferView::npos));
  REQUIRE(out.hex() == "090102ff");
  REQUIRE(out.write_float_be(1.5f, 0));
  REQUIRE(out.hex() == "3fc00000");
  REQUIRE(out.write_i32_le(-2, 0));
  REQUIRE(out.hex() == "feffffff");
}

TEST_CASE("a message is built with its length filled in behind", "[buffer]") {
  Buffer message;
  message.write_u8(1).write_u16_be(0).append("payload");
  REQUIRE(message.write_u16_be(static_cast<std::uint16_t>(message.size() - 3), 1));
  REQUIRE(message.hex() == "010007" + BufferView("payload").hex());
  REQUIRE(message.slice(3, 3 + message.read_u16_be(1)) == "payload");
}
