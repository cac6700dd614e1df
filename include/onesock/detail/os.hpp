// onesock: the contract of the system; os_posix.ipp and os_windows.ipp keep it, os.ipp picks one.
// SPDX-License-Identifier: MIT
//
// Every call returns a std::error_code: std::errc in the generic category where one fits, the raw
// number in the system category elsewhere; false is success. No call blocks (but resolve) and no
// call raises a signal. Every handle is made non-blocking and is not inherited by child processes.
// Out parameters are written on success only. All functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

#include "../address.hpp"
#include "handle.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail::os {

/// A new stream socket. Starts the system's sockets if that is needed (Windows). `any` is invalid.
std::error_code open_stream(Family family, Handle& opened);

/// Who else may listen on the address that `socket` is about to be bound to: nobody (exclusive), or
/// others who say so too, the system spreading the connections; not_supported where it cannot.
/// Past connections in TIME_WAIT are never in the way, except on Windows. IP only; before bind().
std::error_code set_exclusive(Handle socket, bool exclusive);

/// Whether an IPv6 wildcard takes IPv4 peers too; not a matter of the system's default.
/// address_family_not_supported where it never does (OpenBSD). Before bind().
std::error_code set_ipv6_only(Handle socket, bool ipv6_only);

/// Binds to an IP address or a path. A taken one is address_in_use on every system; a path too long
/// for the system is filename_too_long, never cut. A leading NUL in a path is an abstract name
/// (Linux); not_supported elsewhere.
std::error_code bind(Handle socket, const Address& address);

/// Starts to listen. A backlog above what the system takes is cut by the system.
std::error_code listen(Handle socket, int backlog);

/// Makes a socket that listens already, from inetd or systemd, as ours are: non-blocking, not
/// inherited. invalid_argument if it does not listen.
std::error_code adopt_listener(Handle listener);

/// The next waiting connection and where it comes from (`peer` is empty if it is gone already, and
/// has a family only if it is a local socket without a path, as clients are).
/// operation_would_block: none is waiting. connection_aborted: this one broke before we had it (the
/// many errors that accept(2) passes on from the network are all told so); ask again.
/// too_many_files_open, too_many_files_open_in_system, no_buffer_space, not_enough_memory: as said.
/// Anything else: the listener itself is broken.
std::error_code accept(Handle listener, Handle& accepted, Address& peer);

/// Starts to connect. Success: connected at once. operation_in_progress: Interest::connect tells
/// when connect_result() has the answer. Anything else: failed. "Every address" (0.0.0.0, ::) is
/// this machine. A socket that met itself (TCP lets it) is connection_refused, here and there.
std::error_code connect(Handle socket, const Address& address);

/// How a connect that was in progress ended; operation_in_progress if it has not: wait on. A
/// failure is told once: Linux forgets it.
std::error_code connect_result(Handle socket);

/// Some bytes, at most `size` (never 0); `received` 0 is the peer's FIN. operation_would_block:
/// none yet. A peer's reset is connection_reset on every system.
std::error_code receive(Handle socket, void* buffer, std::size_t size, std::size_t& received);

/// Whether a byte waits (`waiting` 1) or a FIN (0) without consuming it; errors as receive().
std::error_code peek(Handle socket, std::size_t& waiting);

/// Hands bytes to the system, fewer than asked (`size`, never 0) where it has no room, and no more
/// than 1 MiB (64 KiB on Windows) a call. operation_would_block: no room at all. no_buffer_space:
/// the system is out of memory for now, though the socket may be called writable: wait a little.
/// Never SIGPIPE. A connection we shut down or the peer left is broken_pipe or connection_reset.
std::error_code send(Handle socket, const void* data, std::size_t size, std::size_t& sent);

/// Sends FIN behind what was sent. not_connected is possible after a reset.
std::error_code shutdown_send(Handle socket);

/// Closes; never retried, never fails; an invalid handle is left alone. Unread input makes some
/// systems reset the connection.
void close(Handle handle);

/// Closes and resets the connection (RST on the wire).
void close_with_reset(Handle socket);

/// TCP_NODELAY; best effort.
void set_no_delay(Handle socket, bool no_delay);

/// SO_KEEPALIVE, with the idle time before the first probe where the system lets us choose it
/// (`idle` 0: the system's own). Best effort.
void set_keep_alive(Handle socket, bool keep_alive, std::chrono::milliseconds idle);

/// Where it is bound; empty if it is not, or on any failure.
Address local_address(Handle socket);

/// Whom it is connected to; empty if it is not, or on any failure.
Address peer_address(Handle socket);

/// Removes the file of a local socket; does nothing for an abstract name.
void remove_socket_file(const std::string& path);

/// A descriptor held in reserve, so that one can be had when none is left; invalid where the trick
/// is of no use.
Handle open_spare();

/// What wakes a wait from another thread or a signal handler: poll `reader` for reading. On Windows
/// both are one socket.
struct Waker {
  Handle reader = Handle::invalid;
  Handle writer = Handle::invalid;
};
std::error_code open_waker(Waker& waker);
/// Makes `reader` readable. Async-signal-safe, keeps errno; waking twice is waking once.
void wake(const Waker& waker);
/// Takes all wake-ups so far.
void drain(const Waker& waker);
void close_waker(Waker& waker);

/// All addresses of a name, in the system's order, each once, port 0; `any` asks for both families.
/// Blocks. Errors: resolve_category(), or std::errc. Names with a NUL, empty, or over 255 bytes are
/// not_found.
std::error_code resolve(const std::string& host, Family family, std::vector<Address>& addresses);

/// Runs `run(argument)` on a new detached thread with a 256 KiB stack; false if none can be had (or
/// under ONESOCK_NO_THREADS).
bool start_thread(void (*run)(void*), void* argument);

/// A pointer of each thread, null at first; the destructor of a thread_local object may ask for it.
/// Not there under ONESOCK_NO_THREADS.
void* thread_value();
void set_thread_value(void* value);

}  // namespace detail::os
ONESOCK_END_NAMESPACE
