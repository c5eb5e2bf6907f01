#include "package-caches.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/sha256.hpp"
#include "../core/text.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

constexpr size_t settings_max = 65'536;
constexpr size_t entry_max = 4u << 20;
constexpr size_t trees_max = 500;
constexpr size_t links_max = 20'000;
constexpr int mirror_depth_max = 10;

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
