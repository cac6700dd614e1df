// onesock: split mode leaves nothing behind but its names; run.py looks at headers and macros.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

#if defined(ONESOCK_INLINE) || defined(ONESOCK_ABI) || defined(ONESOCK_BEGIN_NAMESPACE) || \
    defined(ONESOCK_END_NAMESPACE)
#error "a helper macro of ours is left defined"
#endif

// Names that the system has too are free in the user's own code.
extern int socket;
extern int accept;
int socket = 0;
int accept = 0;
