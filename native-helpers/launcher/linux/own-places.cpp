#include "own-places.hpp"

#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <unistd.h>

#include "../core/text.hpp"
#include "../core/user-home.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

std::string read_passwd() {
  Descriptor file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[65536];
  while (file && text.size() <= passwd_max_bytes) {
    ssize_t n = read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

}  // namespace

const std::string& own_program() {
  static const std::string program = [] {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 && n < PATH_MAX ? std::string(path, static_cast<size_t>(n)) : std::string();
  }();
  return program;
}

const std::string& own_data_folder() {
  static const std::string folder = data_folder(own_program());
  return folder;
}

std::string data_folder(std::string_view program) {
  if (program.empty()) return {};
  if (program != packaged_launcher) return std::string(parent_of(parent_of(program)));
  // Never by HOME: an entry in a project's file can set it, and with it who decides.
  std::string home = home_in_passwd(read_passwd(), geteuid());
  return home.empty() ? home : home + "/.local/share/belljar";
}

}  // namespace belljar
