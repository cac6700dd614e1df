// onesock: TCP for every machine in one header. The API stands first, the engine behind it.
// SPDX-License-Identifier: MIT

#ifndef ONESOCK_HPP
#define ONESOCK_HPP
#include "config.hpp"
#include "encoding.hpp"
#include "buffer.hpp"
#include "address.hpp"
#include "error.hpp"
#include "block_list.hpp"
#include "options.hpp"
#include "listener.hpp"
#include "loop.hpp"
#include "socket.hpp"
#include "server.hpp"
#include "client.hpp"
#include "framing.hpp"
#include "detail/macros_end.hpp"
#endif

// A guard of its own: who met the declarations before defining ONESOCK_IMPLEMENTATION (through
// another header, or a precompiled one) still gets the bodies.
#if (!defined(ONESOCK_SPLIT) || defined(ONESOCK_IMPLEMENTATION)) && !defined(ONESOCK_BODIES)
#define ONESOCK_BODIES
#include "detail/bodies.ipp"
#endif
