// onesock: the test runner's main; built once per compiler, because it compiles slowly.
// SPDX-License-Identifier: MIT

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_session.hpp>  // 3.x

int main(int argc, char* argv[]) {
  return Catch::Session().run(argc, argv);
}
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
