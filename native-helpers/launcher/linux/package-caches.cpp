#include "package-caches.hpp"

#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/text.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

constexpr size_t settings_max = 65'536;
constexpr size_t entry_max = 4u << 20;
constexpr size_t trees_max = 500;
constexpr size_t links_max = 20'000;
constexpr int mirror_depth_max = 10;

uint32_t rotate(uint32_t value, int by) { return (value >> by) | (value << (32 - by)); }

std::string read_file(const std::string& path, size_t max) {
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(max)) return {};
  std::string out;
  char buffer[65536];
  ssize_t n = 0;
  while (out.size() <= max && (n = read(fd.get(), buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<size_t>(n));
  return out;
}

bool make_folders(const std::string& base, const std::string& relative) {
  std::string path = base;
  for (std::string_view part : split(relative, '/')) {
    path += "/" + std::string(part);
    if (mkdir(path.c_str(), 0700) != 0 && access(path.c_str(), W_OK) != 0) return false;
  }
  return true;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  static constexpr uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
      0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
      0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
      0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
      0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
      0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::string text(bytes);
  text.push_back(static_cast<char>(0x80));
  while (text.size() % 64 != 56) text.push_back('\0');
  uint64_t bits = static_cast<uint64_t>(bytes.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(bits >> shift));
  for (size_t at = 0; at < text.size(); at += 64) {
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++) {
      w[i] = 0;
      for (size_t b = 0; b < 4; b++) w[i] = (w[i] << 8) | static_cast<unsigned char>(text[at + i * 4 + b]);
    }
    for (size_t i = 16; i < 64; i++) {
      uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3);
      uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < 64; i++) {
      uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
      uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
      uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
      uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      for (int j = 7; j > 0; j--) v[j] = v[j - 1];
      v[4] += t1;
      v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
  }
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back(digits[(word >> shift) & 15]);
  }
  return out;
}

std::string registry_of(std::string_view lock_file, const std::string& name) {
  // `"resolved": "<registry>/<name>/-/<file>"`
  size_t place = lock_file.find("/" + name + "/-/");
  if (place == std::string_view::npos) return {};
  size_t quote = lock_file.rfind('"', place);
  if (quote == std::string_view::npos || place - quote > 2048) return {};
  std::string_view url = lock_file.substr(quote + 1, place - quote);
  return url.substr(0, 4) == "http" ? std::string(url) : std::string();
}

std::string package_name(std::string_view specifier) {
  if (specifier.empty() || specifier[0] == '-' || specifier[0] == '.' || specifier[0] == '/' || specifier.size() > 214) return {};
  size_t version = specifier.find('@', 1);
  std::string_view name = specifier.substr(0, version);
  int slashes = 0;
  for (size_t i = 0; i < name.size(); i++) {
    char c = name[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (c == '/') slashes++;
    else if (!plain && !(c == '@' && i == 0)) return {};
  }
  bool scoped = name[0] == '@';
  if (slashes != (scoped ? 1 : 0)) return {};
  return std::string(name);
}

std::string npm_registry(const std::string& home) {
  std::string registry;
  for (std::string_view line : split(read_file(home + "/.npmrc", settings_max), '\n')) {
    size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    auto trim = [](std::string_view text) {
      while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
      while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
      return text;
    };
    if (trim(line.substr(0, equals)) == "registry") registry = std::string(trim(line.substr(equals + 1)));
  }
  if (!registry.empty() && registry.back() != '/') registry.push_back('/');
  return registry;
}

namespace {

// Folders become folders, all else a link to the original. A folder whose parent's name starts with `whole` is linked as a
// whole. Files that uv locks or rewrites in place are left to it.
void mirror(const std::string& from, const std::string& to, std::string_view whole, int depth, size_t& links) {
  if (mkdir(to.c_str(), 0700) != 0 || depth > mirror_depth_max) return;
  DIR* listing = opendir(from.c_str());
  bool leaves = !whole.empty() && base_name(from).substr(0, whole.size()) == whole;
  while (dirent* entry = listing != nullptr ? readdir(listing) : nullptr) {
    std::string_view name(entry->d_name);
    if (name == "." || name == ".." || name == ".git" || name == ".gitignore" || name == "CACHEDIR.TAG" || name.ends_with(".lock")) continue;
    if (++links > links_max) break;
    std::string source = from + "/" + entry->d_name;
    std::string goal = to + "/" + entry->d_name;
    struct stat info{};
    if (lstat(source.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode) && !leaves) {
      mirror(source, goal, whole, depth + 1, links);
    } else if (S_ISLNK(info.st_mode)) {
      // uv's own links are relative to the cache, and stay so.
      char text[4096];
      ssize_t n = readlink(source.c_str(), text, sizeof text - 1);
      if (n <= 0) continue;
      text[n] = '\0';
      if (symlink(text, goal.c_str()) != 0) break;
    } else if (symlink(source.c_str(), goal.c_str()) != 0) {
      break;
    }
  }
  if (listing != nullptr) closedir(listing);
}

}  // namespace

void make_uv_cache(const std::string& folder, const std::string& user_cache, const std::string& user_tools) {
  if (mkdir(folder.c_str(), 0700) != 0) return;
  size_t links = 0;
  mirror(user_cache, folder + "/cache", "archive-", 0, links);
  // Installed tools are linked whole; uv only looks whether one of them fits.
  mirror(user_tools, folder + "/tools", "tools", 0, links);
}

void make_npm_cache(const std::string& folder, const std::string& user_cache, const std::vector<std::string>& arguments,
                    const std::string& registry) {
  if (mkdir(folder.c_str(), 0700) != 0) return;
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    constexpr std::string_view flag = "--package=";
    std::string_view text = argument;
    if (text.substr(0, flag.size()) == flag) text.remove_prefix(flag.size());
    std::string name = package_name(text);
    if (!name.empty() && names.size() < 8) names.push_back(name);
  }
  // The installed trees. Which one is meant is npx's affair; all are links that may only be read.
  bool installed = false;
  std::vector<std::string> origins(names.size());
  std::string trees = user_cache + "/_npx";
  DIR* listing = opendir(trees.c_str());
  size_t count = 0;
  while (dirent* entry = listing != nullptr ? readdir(listing) : nullptr) {
    if (entry->d_name[0] == '.' || ++count > trees_max) continue;
    std::string from = trees + "/" + entry->d_name;
    std::string settings = read_file(from + "/package.json", settings_max);
    for (size_t i = 0; i < names.size(); i++) {
      if (settings.find("\"" + names[i] + "\"") == std::string::npos) continue;
      installed = true;
      if (registry.empty() && origins[i].empty()) origins[i] = registry_of(read_file(from + "/package-lock.json", entry_max), names[i]);
    }
    if (!make_folders(folder, "_npx/" + std::string(entry->d_name))) continue;
    for (const char* part : {"node_modules", "package.json", "package-lock.json"}) {
      std::string target = from + "/" + part;
      std::string link = folder + "/_npx/" + entry->d_name + "/" + part;
      if (access(target.c_str(), F_OK) == 0 && symlink(target.c_str(), link.c_str()) != 0) break;
    }
  }
  if (listing != nullptr) closedir(listing);
  if (!installed) return;
  if (!make_folders(folder, "_cacache/tmp")) return;
  std::string contents = user_cache + "/_cacache/content-v2";
  if (symlink(contents.c_str(), (folder + "/_cacache/content-v2").c_str()) != 0) return;
  for (size_t i = 0; i < names.size(); i++) {
    const std::string& name = names[i];
    const std::string& origin = registry.empty() ? origins[i] : registry;
    if (origin.empty()) continue;
    // The key of a package's metadata in npm's cache (make-fetch-happen over cacache, index format 5).
    std::string escaped = name;
    size_t slash = escaped.find('/');
    if (slash != std::string::npos) escaped.replace(slash, 1, "%2f");
    std::string hash = sha256_hex("make-fetch-happen:request-cache:" + origin + escaped);
    std::string place = "_cacache/index-v5/" + hash.substr(0, 2) + "/" + hash.substr(2, 2);
    std::string bytes = read_file(user_cache + "/" + place + "/" + hash.substr(4), entry_max);
    if (bytes.empty() || !make_folders(folder, place)) continue;
    Descriptor fd(open((folder + "/" + place + "/" + hash.substr(4)).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return;
  }
}

}  // namespace belljar
