// onesock: calls every public function once; tools/check_layers.py sees to it that none is missing.
// SPDX-License-Identifier: MIT
//
// One call a line, on a variable named after its class: that is what the check looks for.

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "onesock.hpp"

namespace {

int failures = 0;

void expect(bool truth, const char* what) {
  if (truth) return;
  ++failures;
  std::fprintf(stderr, "not so: %s\n", what);
}

std::string streamed(const std::function<void(std::ostream&)>& write) {
  std::ostringstream stream;
  write(stream);
  return stream.str();
}

void use_encodings() {
  const onesock::Encoding hex = onesock::parse_encoding("hex").value_or(onesock::Encoding::raw);
  expect(onesock::encoding_name(hex) == "hex", "encoding_name");
  expect(onesock::decode(onesock::encode("6869", hex), hex) == "6869", "decode(encode())");
  onesock::Decoder decoder(onesock::Encoding::utf8);
  expect(decoder.write("\xC3").empty(), "Decoder::write");
  expect(decoder.end() == "\xEF\xBF\xBD", "Decoder::end");
  expect(decoder.encoding() == onesock::Encoding::utf8, "Decoder::encoding");
}

void use_view() {
  const std::vector<std::uint8_t> bytes = {0, 1, 2, 3, 4, 5, 6, 7};
  const onesock::BufferView buffer_view(bytes);
  onesock::Buffer target = onesock::Buffer::alloc(8);
  expect(buffer_view.data() == bytes.data(), "data");
  expect(buffer_view.size() == 8, "size");
  expect(!buffer_view.empty(), "empty");
  expect(*buffer_view.begin() == buffer_view[0], "begin");
  expect(buffer_view.end() == buffer_view.begin() + 8, "end");
  expect(buffer_view.encoding() == onesock::Encoding::raw, "encoding");
  expect(buffer_view.raw() == static_cast<std::string_view>(buffer_view), "raw");
  expect(buffer_view.utf8() == buffer_view.to_string(onesock::Encoding::utf8), "to_string");
  expect(buffer_view.hex() == "0001020304050607", "hex");
  expect(buffer_view.base64() == "AAECAwQFBgc=", "base64");
  expect(buffer_view.inspect() == "<Buffer 00 01 02 03 04 05 06 07>", "inspect");
  expect(buffer_view.slice(2, 4).hex() == "0203", "slice");
  expect(buffer_view.index_of(std::uint8_t{3}) == 3, "index_of");
  expect(buffer_view.last_index_of(std::uint8_t{3}) == 3, "last_index_of");
  expect(buffer_view.includes(std::uint8_t{3}), "includes");
  expect(buffer_view.compare(buffer_view) == 0, "compare");
  expect(buffer_view.equals(buffer_view), "equals");
  expect(buffer_view.copy(target) == 8 && target == buffer_view, "copy");
  expect(buffer_view.can_read(7, 1) && !buffer_view.can_read(7, 2), "can_read");
  expect(buffer_view.read_u8() == 0, "read_u8");
  expect(buffer_view.read_u16_be() == 0x0001, "read_u16_be");
  expect(buffer_view.read_u16_le() == 0x0100, "read_u16_le");
  expect(buffer_view.read_u32_be() == 0x00010203, "read_u32_be");
  expect(buffer_view.read_u32_le() == 0x03020100, "read_u32_le");
  expect(buffer_view.read_u64_be() == 0x0001020304050607, "read_u64_be");
  expect(buffer_view.read_u64_le() == 0x0706050403020100, "read_u64_le");
  expect(buffer_view.read_i8() == 0, "read_i8");
  expect(buffer_view.read_i16_be() == 0x0001, "read_i16_be");
  expect(buffer_view.read_i16_le() == 0x0100, "read_i16_le");
  expect(buffer_view.read_i32_be() == 0x00010203, "read_i32_be");
  expect(buffer_view.read_i32_le() == 0x03020100, "read_i32_le");
  expect(buffer_view.read_i64_be() == 0x0001020304050607, "read_i64_be");
  expect(buffer_view.read_i64_le() == 0x0706050403020100, "read_i64_le");
  expect(buffer_view.read_float_be() < 1, "read_float_be");
  expect(buffer_view.read_float_le() < 1, "read_float_le");
  expect(buffer_view.read_double_be() < 1, "read_double_be");
  expect(buffer_view.read_double_le() < 1, "read_double_le");
  expect(buffer_view != "abc" && !(buffer_view < buffer_view), "comparison");
  expect(streamed([&](std::ostream& stream) { stream << buffer_view; }) == buffer_view.inspect(),
         "<<");
}

void use_buffer() {
  onesock::Buffer buffer = onesock::Buffer::from("abc");
  onesock::Buffer other = onesock::Buffer::concat({"ab", "cd"}, 3);
  expect(buffer == other, "concat");
  buffer.swap(other);
  buffer.append("d");
  buffer.consume(1);
  buffer.resize(4);
  buffer.reserve(100);
  buffer.fill("xy");
  expect(buffer == "xyxy", "fill");
  expect(buffer.data() == buffer.begin() && buffer.end() == buffer.begin() + buffer.size(),
         "begin");
  buffer[0] = 'z';
  buffer.clear();
  buffer.write_u8(1);
  buffer.write_u16_be(1);
  buffer.write_u16_le(1);
  buffer.write_u32_be(1);
  buffer.write_u32_le(1);
  buffer.write_u64_be(1);
  buffer.write_u64_le(1);
  buffer.write_i8(1);
  buffer.write_i16_be(1);
  buffer.write_i16_le(1);
  buffer.write_i32_be(1);
  buffer.write_i32_le(1);
  buffer.write_i64_be(1);
  buffer.write_i64_le(1);
  buffer.write_float_be(1);
  buffer.write_float_le(1);
  buffer.write_double_be(1);
  buffer.write_double_le(1);
  expect(buffer.size() == 2 * (1 + 2 * (2 + 4 + 8)) + 2 * (4 + 8), "written");
}

void use_errors() {
  const onesock::Address address = onesock::Address::from_ip("127.0.0.1", 80);
  expect(onesock::Address::parse(address.to_string()) == address, "Address::parse");
  expect(!address.empty(), "Address::empty");
  expect(onesock::family_name(address.family) == "IPv4", "family_name");
  expect(onesock::is_ip("::1") == 6, "is_ip");
  expect(onesock::is_ipv4("127.0.0.1"), "is_ipv4");
  expect(onesock::is_ipv6("::1"), "is_ipv6");
  expect(streamed([&](std::ostream& stream) { stream << address; }) == "127.0.0.1:80", "<<");

  const onesock::Error error("connect", std::make_error_code(std::errc::connection_refused),
                             address);
  expect(static_cast<bool>(error) && error != onesock::Error("mine"), "Error");
  expect(error.code() == std::errc::connection_refused, "code");
  expect(error.name() == "ECONNREFUSED", "name");
  expect(error.operation() == "connect", "operation");
  expect(error.address() == address, "address");
  expect(error.message() == "connect ECONNREFUSED 127.0.0.1:80", "message");
  expect(streamed([&](std::ostream& stream) { stream << error; }) == error.message(), "<<");
  const std::error_code code = onesock::ResolveError::not_found;
  expect(code.category() == onesock::resolve_category(), "resolve_category");
  expect(onesock::make_error_code(onesock::ResolveError::not_found) == code, "make_error_code");
  const onesock::Failure failure(error);
  expect(failure.error() == error, "Failure::error");
  expect(failure.what() == error.message(), "Failure::what");
}

void use_block_list() {
  onesock::BlockList block_list;
  expect(block_list.empty(), "empty");
  expect(!block_list.add_address("10.0.0.1"), "add_address");
  expect(!block_list.add_range("10.0.1.1", "10.0.1.9"), "add_range");
  expect(!block_list.add_subnet("10.0.2.0", 24), "add_subnet");
  expect(block_list.blocks("10.0.2.7") && !block_list.blocks("10.0.3.7"), "blocks");
}

void use_loop() {
  onesock::Loop loop;
  int told = 0;
  const onesock::Timer timer = loop.set_timeout(std::chrono::milliseconds(1), [&] { ++told; });
  expect(timer.active(), "active");
  timer.refresh();
  timer.unref();
  timer.ref();
  loop.set_interval(std::chrono::milliseconds(1), [&](onesock::Timer& interval) {
    ++told;
    interval.cancel();
  });
  loop.post([&] { ++told; });
  loop.on_error([](const onesock::Error&) {});
  loop.set_receive_buffer_size(1024);
  loop.ref();
  loop.unref();
  expect(loop.alive(), "alive");
  loop.run_once();
  loop.run();
  timer.cancel();
  loop.stop();
  expect(told == 3, "all three were told");
}

void use_default_loop() {
  int told = 0;
  onesock::set_timeout(std::chrono::milliseconds(0), [&] { ++told; });
  onesock::set_interval(std::chrono::milliseconds(1), [&](onesock::Timer& timer) {
    ++told;
    timer.cancel();
  });
  onesock::run_once();
  onesock::run();
  onesock::stop();
  expect(!onesock::default_loop().alive() && told == 2, "the default loop ran out of work");
}

void listen_to_all(const onesock::Socket& socket) {
  socket.on_lookup([](const onesock::Error&, const onesock::Address&, std::string_view) {});
  socket.on_connection_attempt([](const onesock::Address&) {});
  socket.on_connection_attempt_failed([](const onesock::Address&, const onesock::Error&) {});
  socket.on_connection_attempt_timeout([](const onesock::Address&) {});
  socket.on_connect([](onesock::Socket&) {});
  socket.on_ready([] {});
  socket.on_data([](onesock::BufferView) {});
  socket.on_end([] {});
  socket.on_finish([] {});
  socket.on_drain([] {});
  socket.on_timeout([] {});
  socket.on_error([](const onesock::Error&) {});
  socket.on_close([](bool) {});
}

void listen_no_more(const onesock::Socket& socket) {
  socket.off_lookup();
  socket.off_connection_attempt();
  socket.off_connection_attempt_failed();
  socket.off_connection_attempt_timeout();
  socket.off_connect();
  socket.off_ready();
  socket.off_data();
  socket.off_end();
  socket.off_finish();
  socket.off_drain();
  socket.off_timeout();
  socket.off_error();
  socket.off_close();
  socket.remove_all_listeners();
}

void set_all(const onesock::Socket& socket) {
  socket.pause();
  expect(socket.is_paused(), "is_paused");
  socket.resume();
  socket.set_encoding(onesock::Encoding::utf8);
  socket.set_timeout(std::chrono::hours(1));
  socket.set_no_delay();
  socket.set_keep_alive();
  socket.set_high_water_mark(1024);
  socket.set_max_queued_bytes(1024 * 1024);
  socket.unref();
  socket.ref();
}

void ask_all(const onesock::Socket& socket, onesock::Loop& loop) {
  expect(socket.loop() == &loop, "loop");
  expect(socket.id() != 0 && socket.native_handle() != 0, "id");
  expect(socket.remote_address() == "127.0.0.1", "remote_address");
  expect(socket.remote_port() != socket.local_port(), "remote_port");
  expect(socket.remote_family() == socket.local_family(), "remote_family");
  expect(socket.local_address() == socket.address().host, "local_address");
  expect(socket.bytes_read() == 0 && socket.bytes_written() == 0, "bytes_read");
  expect(socket.write_queue_size() == 0, "write_queue_size");
  expect(!socket.connecting() && !socket.pending() && !socket.destroyed(), "connecting");
  expect(socket.ready_state() == "open", "ready_state");
}

void close_in_every_way(onesock::Loop& loop, int port) {
  const onesock::Socket a = onesock::connect(loop, {port, "127.0.0.1"});
  const onesock::Socket b(loop);
  b.connect(port, "127.0.0.1");
  const auto leave = [](const onesock::Socket& socket) { socket.destroy(); };
  const auto reset = [](const onesock::Socket& socket) { socket.reset_and_destroy(); };
  leave(a);
  reset(b);
  expect(a != b && (a < b || b < a), "comparison");
  expect(std::hash<onesock::Socket>()(a) == std::hash<onesock::Socket>()(onesock::Socket(a)),
         "hash");
}

void use_server_and_socket() {
  onesock::Loop loop;
  const onesock::Server server(loop);
  const onesock::Socket socket(loop);
  std::string answer;
  server.on_connection([&](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
  });
  server.on_listening([] {});
  server.on_error([](const onesock::Error&) {});
  server.on_close([] {});
  server.on_drop([](const onesock::DropInfo&) {});
  server.off_listening();
  server.off_error();
  server.off_close();
  server.off_drop();
  server.set_max_connections(10);
  server.unref();
  server.ref();
  server.listen(0, "127.0.0.1");
  expect(server.listening() && server.address().port != 0, "listen");
  expect(server.loop() == &loop && server.id() != 0 && server.native_handle() != 0, "server.loop");
  expect(server == onesock::Server(server), "comparison");

  listen_to_all(socket);
  listen_no_more(socket);
  close_in_every_way(loop, server.address().port);
  socket.on_connect([&] {
    set_all(socket);
    ask_all(socket, loop);
    socket.write("hello ");
    socket.end("world");
  });
  socket.on_data([&](onesock::BufferView data) { answer += data.raw(); });
  socket.on_close([&] {
    expect(server.connections() == 0 || answer == "hello world", "connections");
    server.close_all_connections();
    server.close([&] { server.remove_all_listeners(); });
  });
  socket.connect(server.address().port, "127.0.0.1");
  loop.run();
  expect(answer == "hello world", "the echo");
  server.off_connection();
  loop.on_error([](const onesock::Error&) {});  // of the next line: there is no such socket
  server.adopt(server.native_handle());
  loop.run();
}

void use_client_and_acceptor() {
  onesock::Acceptor acceptor;
  acceptor.set_timeout(std::chrono::seconds(30));
  expect(acceptor.listen(0, "127.0.0.1"), "listen");
  expect(acceptor.listening() && acceptor.native_handle() != 0, "listening");
  onesock::Client client;
  client.set_timeout(std::chrono::seconds(30));
  expect(client.connect(acceptor.address().port, "127.0.0.1"), "connect");
  auto accepted = acceptor.accept();
  expect(accepted.has_value() && !acceptor.error(), "accept");
  if (!accepted) return;
  onesock::Client peer = std::move(*accepted);
  expect(peer.write("abcde,line\nrest"), "peer.write");
  expect(peer.end(), "peer.end");
  expect(client.read_exactly(3) == onesock::Buffer::from("abc"), "read_exactly");
  expect(client.read_until(",") == onesock::Buffer::from("de,"), "read_until");
  expect(client.read_line() == onesock::Buffer::from("line"), "read_line");
  expect(client.read() == onesock::Buffer::from("rest"), "read");
  expect(client.write("bye"), "write");
  expect(client.end(), "end");
  expect(client.is_open() && !client.error() && client.native_handle() != 0, "is_open");
  expect(client.local_address() != client.remote_address(), "local_address");
  client.close();
  acceptor.close();
}

void use_listener() {
  int sum = 0;
  const onesock::Listener<int> listener = [&](int number) { sum += number; };
  expect(static_cast<bool>(listener) && !onesock::Listener<int>(), "operator bool");
  listener(3);
  const onesock::Task task = [&] { ++sum; };
  task();
  const onesock::Done done = [&] { ++sum; };
  done(onesock::Error());
  expect(sum == 5, "listeners were called");
  onesock::ConnectOptions options;
  const onesock::LookupFunction lookup = [](const std::string&, onesock::Family,
                                            const onesock::LookupAnswer& answer) {
    answer(onesock::Error(), {});
  };
  options.lookup = lookup;
  const onesock::ServerOptions server_options;
  const onesock::ListenOptions listen_options;
  expect(options.no_delay && server_options.no_delay && listen_options.exclusive, "options");
}

void use_framing() {
  const auto frame = onesock::make_frame("hi", onesock::Framing::u16_be);
  onesock::FrameReader frame_reader(onesock::Framing::u16_be);
  expect(frame && !frame_reader.next(), "make_frame");
  frame_reader.push(*frame);
  expect(frame_reader.next() == onesock::BufferView("hi"), "next");
  expect(!frame_reader.rest() && !frame_reader.error(), "rest");

  onesock::Loop loop;
  const onesock::Socket socket(loop);
  onesock::on_frame(socket, onesock::Framing::u8, [](onesock::BufferView) {});
  onesock::on_line(socket, [](onesock::BufferView) {});
  socket.pipe(onesock::Socket(loop));
  socket.destroy();
  loop.run();
  onesock::Client client;
  expect(!onesock::read_frame(client, frame_reader) && client.error(), "read_frame");
}

}  // namespace

int main() {
  use_encodings();
  use_view();
  use_buffer();
  use_errors();
  use_listener();
  use_block_list();
  use_loop();
  use_default_loop();
  use_server_and_socket();
  use_client_and_acceptor();
  use_framing();
  return failures == 0 ? 0 : 1;
}
