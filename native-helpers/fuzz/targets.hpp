// What is fuzzed: each target takes bytes and must come back, without a finding of the sanitizers and with its own promises kept.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fuzz {

struct Target {
  const char* name;  // also of its folder in corpus/
  void (*run)(const uint8_t* bytes, size_t size);
};

constexpr size_t targets_count = 6;
extern const Target targets[targets_count];

// A promise that does not hold ends the program.
void require(bool holds, const char* what);

}  // namespace fuzz
