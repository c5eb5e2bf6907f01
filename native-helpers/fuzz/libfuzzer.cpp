// The same targets for libFuzzer (clang). Which one: FUZZ_TARGET, by its place in targets.
#include "targets.hpp"

#ifndef FUZZ_TARGET
#define FUZZ_TARGET 0
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::targets[FUZZ_TARGET].run(bytes, size);
  return 0;
}
