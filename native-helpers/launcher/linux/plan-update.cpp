#include "plan-update.hpp"

#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kernel.hpp"

namespace belljar {

namespace {

void put(std::string& out, const std::string& text) {
  uint32_t size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
}

bool get(std::string_view& in, std::string& text) {
  uint32_t size = 0;
  if (in.size() < sizeof size) return false;
  memcpy(&size, in.data(), sizeof size);
  in.remove_prefix(sizeof size);
  if (in.size() < size) return false;
  text = std::string(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

}  // namespace

// One text after the other: `refused` or nothing, event, plan; then `r`, `w`, `R` or `W` (read, write, late in capitals) and a path for
// each area, and `s` and a name for each socket.
Descriptor write_plan_update(const PlanUpdate& update) {
  std::string bytes;
  put(bytes, update.refused ? "refused" : "");
  put(bytes, update.event);
  put(bytes, update.plan);
  for (const Area& area : update.areas) {
    put(bytes, area.late ? (area.write ? "W" : "R") : area.write ? "w" : "r");
    put(bytes, area.root);
  }
  for (const std::string& socket : update.sockets) {
    put(bytes, "s");
    put(bytes, socket);
  }
  Descriptor file(static_cast<int>(syscall(SYS_memfd_create, "belljar-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  if (!file || bytes.size() > plan_update_max_bytes || write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return {};
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) return {};
  return file;
}

bool read_plan_update(const Descriptor& file, PlanUpdate& update) {
  struct stat info{};
  if (!file || fstat(file.get(), &info) != 0 || info.st_size <= 0 || info.st_size > static_cast<off_t>(plan_update_max_bytes)) return false;
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  if (pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return false;
  std::string_view in = bytes;
  std::string word;
  if (!get(in, word) || (!word.empty() && word != "refused") || !get(in, update.event) || !get(in, update.plan)) return false;
  update.refused = !word.empty();
  while (!in.empty()) {
    std::string value;
    if (!get(in, word) || !get(in, value) || word.size() != 1) return false;
    if (word == "s") update.sockets.push_back(std::move(value));
    else if (strchr("rwRW", word[0]) != nullptr) update.areas.push_back({std::move(value), word == "w" || word == "W", word == "R" || word == "W"});
    else return false;
  }
  return true;
}

}  // namespace belljar
