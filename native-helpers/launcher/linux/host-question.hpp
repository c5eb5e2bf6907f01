// Asking the host: one request a connection, over the private socket that a link in the state folder leads to, and the forms
// that its answer may have. Used by the guardian alone.
//
// Trust: whoever listens there is checked to be this user; what it says is parsed: exact forms, at most 16 KiB.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "descriptor.hpp"

namespace belljar {

constexpr size_t host_answer_max_bytes = 16'384;

// What the host said: `reason` is empty when it allowed what was asked.
struct HostVerdict {
  std::string reason;
  bool asked = false;       // a person was asked just now
  bool until_stop = false;  // allowed until the run ends
  uint32_t up = 0;          // for so much more than what was asked: folders up, or first labels of the name left out
};

// Takes `{"outcome":"allowed","asked":...}`, the same with `,"until":"stop","up":N`, or
// `{"outcome":"refused","reason":"...","asked":...}` out of an HTTP answer; whatever has another form is `no-host`.
HostVerdict host_verdict(std::string_view answer);

// Connected to the host of this user and asked `questions.ask` with this body; or nothing.
Descriptor ask_host(const std::string& state_folder, const std::string& body);

// Takes in what came of the answer. True when it is whole, or was cut off.
bool read_host_answer(const Descriptor& host, std::string& answer);

}  // namespace belljar
