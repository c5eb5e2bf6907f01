// The same targets for libFuzzer (clang). Which one: FUZZ_TARGET in the environment, by name.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "targets.hpp"

namespace {

const fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("FUZZ_TARGET");
  for (size_t i = 0; name != nullptr && i < fuzz::targets_count; i++) {
    if (std::strcmp(fuzz::targets[i].name, name) == 0) chosen = &fuzz::targets[i];
  }
  if (chosen != nullptr) return 0;
  std::fprintf(stderr, "fuzz: FUZZ_TARGET names no target\n");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  chosen->run(bytes, size);
  return 0;
}
