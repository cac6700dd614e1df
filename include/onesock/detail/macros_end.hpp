// onesock: the end of one half of the header; nothing of macros.hpp is left defined.
// SPDX-License-Identifier: MIT
//
// No include guard: see macros.hpp.

#ifdef _MSC_VER
#pragma warning(pop)
#endif

#undef ONESOCK_INLINE
#undef ONESOCK_ABI_SPLIT
#undef ONESOCK_ABI_EXCEPTIONS
#undef ONESOCK_ABI_THREADS
#undef ONESOCK_ABI_JOIN2
#undef ONESOCK_ABI_JOIN
#undef ONESOCK_ABI
#undef ONESOCK_BEGIN_NAMESPACE
#undef ONESOCK_END_NAMESPACE
