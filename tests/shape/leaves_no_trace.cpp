// onesock: a process is after all of it what it was before: nothing process-wide is touched.
// SPDX-License-Identifier: MIT

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>

#include "echo.hpp"
#include "process_state.hpp"

namespace {

std::atomic<int> failures{0};

void expect(bool truth, const char* what) {
  if (truth) return;
  ++failures;
  std::fprintf(stderr, "not so: %s\n", what);
}

void expect_same(State wanted, State found, const char* when) {
  expect(wanted == found, when);
  State both = wanted;
  both.insert(found.begin(), found.end());
  for (const auto& [name, value] : both)
    if (wanted[name] != found[name])
      std::fprintf(stderr, "  %s: '%s', was '%s'\n", name.c_str(), found[name].c_str(),
                   wanted[name].c_str());
}

/// Waits for it: a look-up thread ends a moment after its answer.
void expect_process(const State& wanted, const char* when) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  State found = state_of_process();
  while (found != wanted && std::chrono::steady_clock::now() < deadline) found = state_of_process();
  expect_same(wanted, found, when);
}

/// Names, timers, and a socket that writes after its peer has gone: EPIPE, and SIGPIPE elsewhere.
void write_to_nobody() {
  onesock::Error met;
  const onesock::Server server([](onesock::Socket& client) { client.destroy(); });
  server.listen(0, "127.0.0.1");
  onesock::ConnectOptions options;
  options.port = server.address().port;
  options.allow_half_open = true;
  const auto socket = onesock::connect(options);
  const auto again =
      onesock::set_interval(std::chrono::milliseconds(1), [socket] { socket.write("x"); });
  socket.on_error([&](const onesock::Error& error) { met = error; });
  socket.on_close([&] {
    again.cancel();
    server.close();
  });
  onesock::run();
  expect(static_cast<bool>(met), "a write to nobody fails");
}

void write_to_nobody_and_wait() {
  onesock::Acceptor acceptor;
  onesock::Client client;
  acceptor.listen(0, "127.0.0.1");
  client.connect(acceptor.address().port, "localhost");
  acceptor.accept();  // Gone at once.
  for (int tries = 0; tries < 1000 && client.write("x"); ++tries) client.read();
  expect(!client.write("x"), "a blocking write to nobody fails");
}

void be_refused() {
  onesock::Error met;
  onesock::connect(1, "127.0.0.1").on_error([&](const onesock::Error& error) { met = error; });
  onesock::run();
  expect(met.name() == "ECONNREFUSED", "nobody listens on port 1");
}

void use_everything() {
  const State before = state_of_thread();
  expect(echo_once(), "the echo");
  write_to_nobody();
  write_to_nobody_and_wait();
  be_refused();
  errno = ERANGE;
  onesock::stop();
  expect(errno == ERANGE, "stop() keeps errno, as signal handlers may call it");
  expect_same(before, state_of_thread(), "a busy life leaves no trace on its thread");
}

#ifdef _WIN32

DWORD WINAPI run_thread(void*) {
  use_everything();
  return 0;
}

void use_everything_on_threads() {
  HANDLE threads[4] = {};
  for (HANDLE& thread : threads)
    thread = ::CreateThread(nullptr, 0, run_thread, nullptr, 0, nullptr);
  ::WaitForMultipleObjects(4, threads, TRUE, INFINITE);
  for (const HANDLE thread : threads) ::CloseHandle(thread);
}

#else

void* run_thread(void*) {
  use_everything();
  return nullptr;
}

void use_everything_on_threads() {
  pthread_t threads[4] = {};
  for (pthread_t& thread : threads) ::pthread_create(&thread, nullptr, run_thread, nullptr);
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
}

#endif

// Before main: the state first, then one of each that a program may have as a global.
const State state_before = state_of_process();
const onesock::Server global_server;
const onesock::Socket global_socket;
const onesock::Timer global_timer;
const onesock::Client global_client;
const onesock::Acceptor global_acceptor;
const onesock::Error global_error("mine");
const onesock::Address global_address = onesock::Address::from_ip("::1", 80);
const onesock::Buffer global_buffer = onesock::Buffer::from("text");

}  // namespace

int main() {
  expect_process(state_before, "globals leave no trace");
  State wanted = state_before;
#ifdef _WIN32
  wanted["WSAStartup"] = "1";
#endif
  for (int round = 0; round < 2; ++round) {
    use_everything_on_threads();
    expect_process(wanted, "a busy life leaves no trace");
  }
  return failures == 0 ? 0 : 1;
}
