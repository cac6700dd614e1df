// onesock: names to addresses, off the caller's thread; the answers go into a mailbox.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "../address.hpp"
#include "../listener.hpp"
#include "mailbox.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// Looks names up on at most four threads at once, one thread per name; more names wait their turn.
/// What its owner does not wait for is dropped: neither cancel() nor the destructor waits for a
/// thread.
class Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Answer = Listener<std::error_code, const std::vector<Address>&>;

  explicit Resolver(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  /// Looks `host` up; `answer` runs once as a task of the mailbox, never from inside this call.
  /// "localhost" is known even if the system does not know it. Returns a number for cancel().
  std::uint64_t resolve(std::string host, Family family, Answer answer);
  /// The answer will not be told.
  void cancel(std::uint64_t id);

 private:
  /// One name on its way; all that the thread touches.
  struct Job {
    std::uint64_t id;
    std::string host;
    Family family;
    std::shared_ptr<Mailbox> mailbox;
    std::weak_ptr<Resolver> resolver;
    std::error_code code = {};
    std::vector<Address> addresses = {};
  };
  static void run_job(void* argument);
  static void look_up(Job& job);
  void start(std::unique_ptr<Job> job);
  void finish(const Job& job);

  std::shared_ptr<Mailbox> mailbox_;
  std::map<std::uint64_t, Answer> answers_;
  std::deque<std::unique_ptr<Job>> waiting_;
  std::uint64_t last_id_ = 0;
  unsigned running_ = 0;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
