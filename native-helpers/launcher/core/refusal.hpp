// How the launcher says that it starts nothing: one line on stderr, and, because clients rarely show stderr, a JSON-RPC
// error answer to the client's own `initialize` request. It then exits.
#pragma once
#include <string>
#include <string_view>

namespace belljar {

// Exit statuses of the launcher itself; any other is the server's own.
constexpr int exit_refused = 125;
constexpr int exit_not_executable = 126;
constexpr int exit_not_found = 127;

struct Refusal {
  std::string code;      // kebab-case, stable
  std::string sentence;  // for people, one line
  std::string remedy;    // what to do
  int exit = exit_refused;
};

// How long and how much of stdin is waited for, so that a client that never speaks does not keep the launcher alive.
constexpr int initialize_wait_ms = 10'000;
constexpr size_t initialize_max_bytes = 65'536;

// Does not return.
[[noreturn]] void refuse(const Refusal& refusal, std::string_view server);

}  // namespace belljar
