#include "made-names.hpp"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../core/text.hpp"
#include "target.hpp"

namespace belljar {

namespace {

// More repositories than that no run makes; a descriptor each.
constexpr size_t made_max = 64;

bool is_empty(int folder, const std::string& name) {
  int fd = openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* listing = fd >= 0 ? fdopendir(fd) : nullptr;
  if (listing == nullptr) {
    if (fd >= 0) close(fd);
    return false;
  }
  bool empty = true;
  errno = 0;
  while (dirent* entry = empty ? readdir(listing) : nullptr) empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
  empty = empty && errno == 0;
  closedir(listing);
  return empty;
}

}  // namespace

void MadeNames::note(int folder, const std::string& name) {
  std::erase_if(made_, [](const Made& one) {
    struct stat info{};
    return fstat(one.object.get(), &info) != 0 || info.st_nlink == 0;
  });
  if (made_.size() >= made_max) return;
  std::string bare = name.substr(0, name.find('/'));
  Descriptor object(openat(folder, bare.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!object || fstat(object.get(), &info) != 0) return;
  if (!S_ISDIR(info.st_mode) && (!S_ISREG(info.st_mode) || info.st_nlink != 1)) return;
  if (S_ISDIR(info.st_mode) && !is_empty(folder, bare)) return;
  made_.push_back({std::move(object), info.st_dev, info.st_ino});
}

bool MadeNames::holds(uint64_t device, uint64_t inode) const {
  for (const Made& one : made_) {
    if (one.device == device && one.inode == inode) return true;
  }
  return false;
}

std::vector<size_t> MadeNames::ends_in(std::string_view path) const {
  std::vector<size_t> ends;
  for (const Made& one : made_) {
    std::string place = path_of(one.object.get());
    if (!place.empty() && path_within(path, place)) ends.push_back(place.size());
  }
  return ends;
}

}  // namespace belljar
