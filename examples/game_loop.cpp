// onesock example: a game with a loop of its own, 60 frames a second, serves players in between.
// c++ -std=c++17 -pthread -I single_include examples/game_loop.cpp -o game_loop
// SPDX-License-Identifier: MIT
//
// Players connect (`nc 127.0.0.1 7777`) and send "left", "right", "stop" or "quit", a line each.

#include "onesock.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

using Clock = std::chrono::steady_clock;

struct Player {
  int position = 0;
  int speed = 0;
};

struct Game {
  std::map<onesock::Socket, Player> players;
  int frames = 0;
  bool is_over = false;

  void join(const onesock::Socket& socket);
  void obey(Player& player, std::string_view command);
  void advance();
  void tell(const onesock::Socket& socket, const Player& player) const;
};

void Game::join(const onesock::Socket& socket) {
  Player& player = players[socket];
  socket.set_max_queued_bytes(64 * 1024);  // Who does not read is dropped, not remembered.
  onesock::on_line(socket, [this, &player](onesock::BufferView line) { obey(player, line); });
  socket.on_close([this, &socket] { players.erase(socket); });
}

void Game::obey(Player& player, std::string_view command) {
  if (command == "left") player.speed = -1;
  if (command == "right") player.speed = 1;
  if (command == "stop") player.speed = 0;
  if (command == "quit") is_over = true;
}

void Game::advance() {
  constexpr int frames_per_report = 30;
  ++frames;
  for (auto& [socket, player] : players) {
    player.position += player.speed;
    if (frames % frames_per_report == 0) tell(socket, player);
  }
}

void Game::tell(const onesock::Socket& socket, const Player& player) const {
  socket.write("frame " + std::to_string(frames) + ": you are at " +
               std::to_string(player.position) + '\n');
}

// What is left of the frame belongs to the network.
static void serve_until(Clock::time_point end_of_frame) {
  for (auto now = Clock::now(); now < end_of_frame; now = Clock::now()) {
    onesock::run_once(std::chrono::ceil<std::chrono::milliseconds>(end_of_frame - now));
  }
}

// "80x" is told, not cut.
static bool parse(const char* text, int& number) {
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && number >= 0;
}

int main(int argc, char** argv) {
  int port = 7777;
  int seconds = 10;
  if (argc > 3 || (argc > 1 && !parse(argv[1], port)) || (argc > 2 && !parse(argv[2], seconds))) {
    std::cerr << "usage: game_loop [port] [seconds]\n";
    return 2;
  }

  Game game;
  onesock::Server server([&](onesock::Socket& client) { game.join(client); });
  server.on_error([&](const onesock::Error& error) {
    std::cerr << error << '\n';
    game.is_over = true;
  });
  server.listen(port, "127.0.0.1",
                [&] { std::cout << "listening " << server.address() << std::endl; });

  constexpr int frames_per_second = 60;
  const auto begin = Clock::now();
  auto frame_begin = begin;
  Clock::duration longest{};
  while (!game.is_over && game.frames / frames_per_second < seconds) {
    game.advance();
    // Counted from the beginning, so that no frame's lateness adds up.
    serve_until(begin +
                std::chrono::nanoseconds(std::chrono::seconds(game.frames)) / frames_per_second);
    longest = (std::max)(longest, Clock::now() - frame_begin);
    frame_begin = Clock::now();
  }
  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::cout << game.frames << " frames in " << Milliseconds(frame_begin - begin).count()
            << " ms, the longest took " << Milliseconds(longest).count() << " ms" << std::endl;

  server.close_all_connections().close();
  onesock::run();
}
