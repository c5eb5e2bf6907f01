#include "user-home.hpp"

#include "text.hpp"

namespace belljar {

std::string home_in_passwd(std::string_view text, uint64_t uid) {
  for (std::string_view line : split(text, '\n')) {
    std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() != 7 || parse_number(fields[2], UINT32_MAX) != uid) continue;
    return plain_path(fields[5]) ? std::string(fields[5]) : std::string();
  }
  return {};
}

}  // namespace belljar
