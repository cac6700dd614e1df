// onesock: the body of Resolver.
// SPDX-License-Identifier: MIT

#include "resolver.hpp"

#include <algorithm>
#include <utility>

#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE std::uint64_t Resolver::resolve(std::string host, Family family, Answer answer) {
  const auto id = ++last_id_;
  answers_.emplace(id, std::move(answer));
  auto job = std::make_unique<Job>();
  job->id = id;
  job->host = std::move(host);
  job->family = family;
  job->mailbox = mailbox_;
  job->resolver = weak_from_this();
  start(std::move(job));
  return id;
}

ONESOCK_INLINE void Resolver::cancel(std::uint64_t id) {
  answers_.erase(id);
  const auto is_it = [&](const std::unique_ptr<Job>& job) { return job->id == id; };
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), is_it), waiting_.end());
}

ONESOCK_INLINE void Resolver::start(std::unique_ptr<Job> job) {
  constexpr unsigned most_threads = 4;
  if (running_ == most_threads) {
    waiting_.push_back(std::move(job));
    return;
  }
  if (os::start_thread(&Resolver::run_job, job.get())) {
    ++running_;
    static_cast<void>(job.release());  // run_job owns it now.
  } else if (running_ > 0) {
    waiting_.push_back(std::move(job));
  } else {
    ++running_;
    run_job(job.release());
  }
}

// On the look-up thread, or in place where none can be had.
ONESOCK_INLINE void Resolver::run_job(void* argument) {
  std::unique_ptr<Job> done(static_cast<Job*>(argument));
  look_up(*done);
  // A letter that held its own mailbox would keep both for ever.
  const auto mailbox = std::move(done->mailbox);
  mailbox->post([job = std::move(done)] {
    if (const auto resolver = job->resolver.lock()) resolver->finish(*job);
  });
}

ONESOCK_INLINE void Resolver::look_up(Job& job) {
  job.code = os::resolve(job.host, job.family, job.addresses);
  // A board without a hosts file. IPv6 alone is not guessed: there may be none.
  if (!job.code || job.host != "localhost" || job.family == Family::ipv6) return;
  job.code.clear();
  job.addresses.push_back(Address::from_ip("127.0.0.1", 0));
  if (job.family == Family::any) job.addresses.push_back(Address::from_ip("::1", 0));
}

ONESOCK_INLINE void Resolver::finish(const Job& job) {
  --running_;
  if (!waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
  const auto found = answers_.find(job.id);
  if (found == answers_.end()) return;
  const auto answer = std::move(found->second);
  answers_.erase(found);
  answer(job.code, job.addresses);
}

}  // namespace detail
ONESOCK_END_NAMESPACE
