// Is it JSON, and nothing else? By RFC 8259, with strict UTF-8; for what the launcher writes.
#pragma once
#include <string_view>

namespace fuzz {

bool is_json(std::string_view text);

}  // namespace fuzz
