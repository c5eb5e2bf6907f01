// The home folder of a user, from the text of /etc/passwd. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace belljar {

constexpr size_t passwd_max_bytes = 1U << 20;

// Of the first line that is this user's; empty where there is none, or where it names no absolute path.
std::string home_in_passwd(std::string_view text, uint64_t uid);

}  // namespace belljar
