// What is fuzzed: each target takes bytes and must come back, without a finding of the sanitizers and with its own promises kept.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

struct Target {
  const char* name;  // also of its folder in corpus/
  void (*run)(const uint8_t* bytes, size_t size);
};

extern const Target targets[];
extern const size_t targets_count;

// calls.cpp
void calls(const uint8_t* bytes, size_t size);
// packets.cpp
void opener_question(const uint8_t* bytes, size_t size);
void opener_answer(const uint8_t* bytes, size_t size);
void network_messages(const uint8_t* bytes, size_t size);
void ask_messages(const uint8_t* bytes, size_t size);
void plan_update(const uint8_t* bytes, size_t size);
// parsers.cpp
void pattern(const uint8_t* bytes, size_t size);
void link(const uint8_t* bytes, size_t size);
void socket_place(const uint8_t* bytes, size_t size);
void host_answer(const uint8_t* bytes, size_t size);
void text(const uint8_t* bytes, size_t size);
void proxy(const uint8_t* bytes, size_t size);
void machine_files(const uint8_t* bytes, size_t size);
void plan_change(const uint8_t* bytes, size_t size);
void spool(const uint8_t* bytes, size_t size);
void audit_records(const uint8_t* bytes, size_t size);

inline std::string_view text_of(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// A promise that does not hold ends the program.
void require(bool holds, const char* what);

}  // namespace fuzz
