#include "../launcher/linux/target.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "check.hpp"

using namespace belljar;

// Texts of every length that pieces begin and end at, at the end of memory after which there is none.
void test_target() {
  constexpr size_t page = 4096;
  constexpr size_t room = 3 * page;
  auto* memory = static_cast<char*>(mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  check::that(memory != MAP_FAILED && munmap(memory + room, page) == 0, "memory with none behind it");
  Target self(getpid(), getpid());
  auto at = [&](size_t length, size_t behind, bool ended) {
    std::string text;
    for (size_t i = 0; i < length; i++) text.push_back(static_cast<char>('a' + i % 23));
    char* place = memory + room - behind - length - (ended ? 1 : 0);
    memset(memory, 'z', room);
    memcpy(place, text.data(), length);
    if (ended) place[length] = '\0';
    int error = 0;
    std::optional<std::string> read = self.string_at(reinterpret_cast<uint64_t>(place), error);
    std::string what = std::to_string(length) + " bytes, " + std::to_string(behind) + " before the end" + (ended ? "" : ", without an end");
    if (!ended) return check::that(!read && error == EFAULT, what);
    if (length >= path_max_bytes) return check::that(!read && error == ENAMETOOLONG, what);
    check::that(read == text, what);
  };
  for (size_t length : {0, 1, 254, 255, 256, 257, 511, 512, 513, 660, 4094, 4095, 4096, 4097, 5000})
    for (size_t behind : {0, 1, 100, 255, 256, 4095, 4096}) at(length, behind, true);
  for (size_t length : {1, 256, 300, 4095}) at(length, 0, false);
  int error = 0;
  check::that(!self.string_at(0, error) && error == EFAULT, "no address");
  munmap(memory, room);
}
