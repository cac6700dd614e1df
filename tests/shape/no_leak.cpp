// onesock: split mode shows its user no system header and no macro of one.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

// The guards of the system's socket headers: MinGW and MSVC, glibc and musl, BSD and macOS.
#if defined(_WINSOCKAPI_) || defined(_WINSOCK2API_) || defined(_WINDOWS_) || defined(_WINDEF_)
#error "a Windows header leaked"
#endif
#if defined(_SYS_SOCKET_H) || defined(_SYS_SOCKET_H_) || defined(_NETINET_IN_H) || \
    defined(_NETINET_IN_H_) || defined(_NETDB_H) || defined(_NETDB_H_) || defined(_ARPA_INET_H)
#error "a socket header leaked"
#endif

#if defined(min) || defined(max) || defined(ERROR) || defined(DELETE) || defined(IN) || \
    defined(OUT) || defined(near) || defined(far) || defined(small) || defined(interface) ||   \
    defined(s_addr)
#error "a macro of a system header leaked"
#endif

#if defined(ONESOCK_INLINE) || defined(ONESOCK_ABI) || defined(ONESOCK_BEGIN_NAMESPACE) || \
    defined(ONESOCK_END_NAMESPACE)
#error "a helper macro of ours is left defined"
#endif

// Names that the system has too are free in the user's own code.
int socket = 0;
int accept = 0;
