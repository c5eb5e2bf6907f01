#include "places.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../core/text.hpp"
#include "own-places.hpp"
#include "target.hpp"

namespace belljar {

namespace {

// Where version managers and tool installers keep programs, below the home folder. When a hop of the command's symlink
// chain lies in one, the manager itself is needed to run it (its shims read their own settings and versions).
constexpr const char* manager_roots[] = {
    ".nvm",  ".volta",        ".asdf", ".local/share/mise", ".local/share/rtx", ".local/share/fnm", ".fnm",
    ".pyenv", ".rbenv",        ".rye",  ".local/share/uv",   ".local/share/pipx", ".local/pipx",      ".bun",
    ".deno", ".local/share/pnpm", ".nodenv", ".n",           ".sdkman",
};

// Where a command may be that is not on the PATH which a graphical client passes on.
constexpr const char* usual_folders[] = {
    ".local/bin", ".volta/bin", ".asdf/shims", ".local/share/mise/shims", ".local/share/fnm/aliases/default/bin",
    ".fnm/aliases/default/bin", ".pyenv/shims", ".cargo/bin", ".bun/bin", ".deno/bin", ".local/share/pnpm", "bin",
};

constexpr size_t script_scan_max = 8192;
constexpr int depth_max = 8;

bool executable_file(const std::string& path, int& error) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    if (error == 0 || error == ENOENT) error = errno;
    return false;
  }
  if (!S_ISREG(info.st_mode) || access(path.c_str(), X_OK) != 0) {
    error = EACCES;
    return false;
  }
  return true;
}

bool exists(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0;
}

std::string read_start(const std::string& path, size_t max) {
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string out(max, '\0');
  ssize_t n = read(fd.get(), out.data(), max);
  out.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return out;
}

// nvm's newest installed version: the folder with the highest dotted number.
std::string newest_nvm(const std::string& home) {
  std::string root = home + "/.nvm/versions/node";
  DIR* folder = opendir(root.c_str());
  if (folder == nullptr) return {};
  std::string best;
  while (dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == 'v' && (best.empty() || strverscmp(entry->d_name, best.c_str()) > 0)) best = entry->d_name;
  }
  closedir(folder);
  return best.empty() ? std::string() : root + "/" + best + "/bin";
}

}  // namespace

std::string real_path(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return {};
  std::string out(resolved);
  free(resolved);
  return out;
}

std::string find_program(const std::string& command, const std::string& cwd, std::string_view path_variable,
                         const std::string& home, std::string& found_in, int& error) {
  error = 0;
  found_in.clear();
  if (command.empty()) {
    error = ENOENT;
    return {};
  }
  if (command.find('/') != std::string::npos) {
    std::string path = command[0] == '/' ? command : cwd + "/" + command;
    return executable_file(path, error) ? path : std::string();
  }
  for (std::string_view folder : split(path_variable, ':')) {
    std::string path = folder.empty() ? cwd : folder[0] == '/' ? std::string(folder) : cwd + "/" + std::string(folder);
    path += "/" + command;
    if (executable_file(path, error)) return path;
  }
  std::vector<std::string> folders;
  std::string nvm = newest_nvm(home);
  if (!nvm.empty()) folders.push_back(nvm);
  for (const char* folder : usual_folders) folders.push_back(home + "/" + folder);
  folders.insert(folders.end(), {"/usr/local/bin", "/usr/bin", "/bin", "/snap/bin", "/home/linuxbrew/.linuxbrew/bin"});
  // Where nobody installed a Node there is the one that a package of Belljar's brings, and nothing else lies beside it.
  folders.push_back(std::string(parent_of(parent_of(packaged_launcher))) + "/node/bin");
  for (const std::string& folder : folders) {
    if (executable_file(folder + "/" + command, error)) {
      found_in = folder;
      return folder + "/" + command;
    }
  }
  if (error == 0) error = ENOENT;
  return {};
}

void leave_out_devices(Places& places) {
  // Documentation/admin-guide/devices.txt: 1 is memory (null, zero, full, random, urandom), 5:0 the terminal of whoever opens it.
  constexpr unsigned memory_major = 1;
  constexpr unsigned terminal_major = 5;
  struct stat devices{};
  bool known = stat("/dev", &devices) == 0;
  std::erase_if(places.grants, [&](const Grant& grant) {
    if (grant.access == Access::write || grant.access == Access::own) return false;
    bool harmless = false;
    if (grant.device) {
      struct stat info{};
      harmless = fstat(grant.fd.get(), &info) == 0 && S_ISCHR(info.st_mode) &&
                 (major(info.st_rdev) == memory_major || (major(info.st_rdev) == terminal_major && minor(info.st_rdev) == 0));
    } else {
      harmless = !grant.folder || !known || grant.dev != devices.st_dev;
    }
    if (!harmless) places.not_applied.push_back("read " + grant.path + ": this kernel cannot keep commands from a device that may be read (Linux 6.10), and strict allows none");
    return !harmless;
  });
}

PlaceResolver::PlaceResolver(const Plan& plan, const Launch& launch, const std::vector<std::string>& own_folders,
                             std::string path_variable)
    : plan_(plan), launch_(launch), path_variable_(std::move(path_variable)), home_(real_path(plan.home)) {
  auto note = [this](const std::string& path, bool own) {
    secrets_.push_back({path, own, path});
    // Most known places are not on this machine; one look is cheaper than following every part of their path.
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) {
      if (!home_.empty() && home_ != plan_.home && path_within(path, plan_.home)) secrets_.push_back({home_ + path.substr(plan_.home.size()), own, path});
      return;
    }
    std::string leads = real(path);
    if (!leads.empty() && leads != path) secrets_.push_back({leads, own, path});
  };
  for (const std::string& folder : own_folders) note(folder, true);
  for (const std::string& path : plan.refuse) note(path, false);
}

std::string PlaceResolver::refused(std::string_view path) const {
  if (path == "/") return "the root of the disk is never granted this way";
  for (const char* system : {"/dev", "/run", "/run/user", "/var/run"}) {
    if (path == system) return "a folder of the system's devices and sockets is never granted this way";
  }
  if (path_within(path, "/proc") || path_within(path, "/sys")) return "the kernel's own folders are never granted this way";
  if (path_within(plan_.home, path) || (!home_.empty() && path_within(home_, path))) {
    return "a whole home folder is never granted this way";
  }
  for (const Secret& secret : secrets_) {
    if (!path_within(path, secret.path) && !path_within(secret.path, path)) continue;
    return secret.own ? "it is, holds or lies in a folder of Belljar" : "it is, holds or lies in a secret place (" + secret.name + ")";
  }
  return {};
}

bool PlaceResolver::covered(std::string_view path, Access access) const {
  for (const Grant& grant : places_.grants) {
    if (grant.area) continue;
    bool enough = grant.access == access || (access == Access::read);
    if (enough && path_within(path, grant.path)) return true;
  }
  return false;
}

std::string PlaceResolver::written_path(const Place& place) const {
  switch (place.kind) {
    case Place::Kind::path:
      return place.path;
    case Place::Kind::cwd:
      return launch_.cwd;
    case Place::Kind::runtime:
    case Place::Kind::variable:
      return {};
    case Place::Kind::argument:
      break;
  }
  if (place.index >= launch_.args.size() || launch_.args[place.index].size() <= place.offset) return {};
  std::string value = launch_.args[place.index].substr(place.offset);
  if (value[0] == '/') return value;
  if (value == "~") return plan_.home;
  if (value.substr(0, 2) == "~/") return plan_.home + value.substr(1);
  return launch_.cwd + "/" + value;
}

bool PlaceResolver::in_writable(std::string_view path) const {
  return std::any_of(writable_.begin(), writable_.end(), [path](const std::string& one) { return path_within(path, one); });
}

// Starts from every place that may be written, and takes away those that only a link in one of the others leads to.
void PlaceResolver::find_writable() {
  struct Candidate {
    std::string written;
    std::string real;
  };
  std::vector<Candidate> candidates;
  for (const AccessRule& rule : plan_.rules) {
    if (rule.access != Access::write) continue;
    Candidate one{written_path(rule.place), {}};
    one.real = one.written.empty() ? std::string() : real(one.written);
    bool symbol = rule.place.kind != Place::Kind::path;
    if (!one.real.empty() && (!symbol || refused(one.real).empty())) candidates.push_back(std::move(one));
  }
  for (bool changed = true; changed;) {
    writable_ = distrusted_;
    for (const Candidate& one : candidates) writable_.push_back(one.real);
    size_t before = candidates.size();
    std::erase_if(candidates, [this](const Candidate& one) { return led_by_planted_link(one.written); });
    changed = candidates.size() != before;
  }
}

bool PlaceResolver::planted(const std::string& path) const { return in_writable(real(std::string(parent_of(path)))); }

const PlaceResolver::Part& PlaceResolver::part_at(const std::string& path) const {
  auto [found, added] = parts_.try_emplace(path);
  if (!added) return found->second;
  char text[PATH_MAX];
  ssize_t n = readlink(path.c_str(), text, sizeof text);
  found->second.there = n > 0 || errno == EINVAL;
  if (n > 0) found->second.target.assign(text, static_cast<size_t>(n));
  return found->second;
}

std::string PlaceResolver::real(const std::string& path) const {
  // Where a part is not what it seems, only the kernel knows what `..` after it means.
  if (path.empty() || path[0] != '/' || path.find("/..") != std::string::npos) return real_path(path);
  std::string at;
  int links = 0;
  std::vector<std::string> rest;
  auto push = [&rest](std::string_view text) {
    auto parts = split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); part++) {
      if (!part->empty() && *part != ".") rest.emplace_back(*part);
    }
  };
  push(path);
  while (!rest.empty()) {
    std::string next = at + "/" + rest.back();
    rest.pop_back();
    const Part& part = part_at(next);
    if (!part.there) return {};
    if (part.target.empty()) {
      at = std::move(next);
      continue;
    }
    if (++links > 40 || part.target.size() >= PATH_MAX || part.target.find("..") != std::string::npos) return real_path(path);
    if (part.target[0] == '/') at.clear();
    push(part.target);
  }
  return at.empty() ? "/" : at;
}

bool PlaceResolver::led_by_planted_link(const std::string& path) const {
  std::vector<std::string> rest;
  auto push = [&rest](std::string_view text) {
    std::vector<std::string> parts;
    for (std::string_view part : split(text, '/')) {
      if (!part.empty() && part != ".") parts.emplace_back(part);
    }
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  push(path);
  std::string at;  // free of links, by construction
  for (int steps = 0; !rest.empty(); steps++) {
    if (steps > 4096) return true;
    std::string name = std::move(rest.back());
    rest.pop_back();
    if (name == "..") {
      at = at.empty() ? at : std::string(parent_of(at));
      if (at == "/") at.clear();
      continue;
    }
    std::string next = at + "/" + name;
    const std::string& target = part_at(next).target;
    if (target.empty()) {
      at = std::move(next);
      continue;
    }
    if (target.size() >= PATH_MAX || in_writable(at.empty() ? "/" : at)) return true;
    if (target[0] == '/') at.clear();
    push(target);
  }
  return false;
}

std::string PlaceResolver::believed(const std::string& path) const {
  std::string leads = real(path);
  if (leads.empty() || !led_by_planted_link(path) || in_writable(leads)) return leads;
  return {};
}

std::string PlaceResolver::exposes(std::string_view path, Access access, bool area) const {
  const Patterns& patterns = plan_.patterns;
  auto names = [&](const std::vector<Pattern>& rules, PatternVerdict::Kind kind) -> std::string {
    for (const Pattern& rule : rules) {
      if (rule.path.empty()) continue;
      PatternVerdict verdict = judge_patterns(patterns, path, {});
      if (path_within(path, rule.path) && verdict.kind >= kind) return "it lies in " + rule.path + ", which is " + (kind == PatternVerdict::Kind::deny ? "denied" : "protected");
      if (!area && path_within(rule.path, path)) return "it holds " + rule.path + ", and only an area can leave that out";
    }
    return {};
  };
  std::string why = names(patterns.deny, PatternVerdict::Kind::deny);
  // What may not be changed may be granted to read.
  if (why.empty() && access == Access::write && !area) why = names(patterns.protect, PatternVerdict::Kind::protect);
  return why;
}

void PlaceResolver::add(Access access, const std::string& path, const std::string& rule, bool symbol, bool area) {
  std::string expected = real(path);
  if (!expected.empty()) {
    if (believed(path).empty()) {
      places_.not_applied.push_back(rule + ": a link that the server could have made leads to " + expected);
      return;
    }
    // A place named on purpose is granted; one that a link has turned into a secret place since is not.
    std::string written = lexical_path("/", path);
    if (!symbol && expected != written && refused(written).empty()) {
      std::string why = refused(expected);
      if (!why.empty()) {
        places_.not_applied.push_back(rule + ": it leads to " + expected + ", and " + why);
        return;
      }
    }
  }
  Descriptor fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) {
    places_.not_applied.push_back(rule + ": " + (errno == ENOENT ? "does not exist" : strerror(errno)));
    return;
  }
  if (path_of(fd.get()) != expected) {
    places_.not_applied.push_back(rule + ": it changed while it was looked at");
    return;
  }
  add_opened(access, std::move(fd), rule, symbol, area);
}

void PlaceResolver::add_opened(Access access, Descriptor fd, const std::string& rule, bool symbol, bool area) {
  // The name of what was opened, not of what was asked: the two may differ by the time anyone looks again.
  std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  char buffer[PATH_MAX];
  ssize_t n = readlink(link.c_str(), buffer, sizeof buffer);
  struct stat info{};
  if (n <= 0 || n >= PATH_MAX || fstat(fd.get(), &info) != 0) {
    places_.not_applied.push_back(rule + ": cannot be looked at");
    return;
  }
  std::string real(buffer, static_cast<size_t>(n));
  if (symbol) {
    std::string why = refused(real);
    if (!why.empty()) {
      places_.not_applied.push_back(rule + ": " + why);
      return;
    }
  }
  std::string exposed = access == Access::own ? std::string() : exposes(real, access, area);
  if (!exposed.empty()) {
    places_.not_applied.push_back(rule + ": " + exposed);
    return;
  }
  for (const Grant& grant : places_.grants) {
    if (grant.access == access && grant.area == area && grant.dev == info.st_dev && grant.ino == info.st_ino) return;
  }
  Grant grant;
  grant.access = access;
  grant.area = area;
  grant.path = std::move(real);
  grant.folder = S_ISDIR(info.st_mode);
  grant.device = S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
  grant.dev = info.st_dev;
  grant.ino = info.st_ino;
  grant.fd = std::move(fd);
  places_.grants.push_back(std::move(grant));
}

// A file of the client's, such as the display's cookie: granted on purpose, so that it may be a secret, and nothing but a file.
void PlaceResolver::add_variable(const AccessRule& rule) {
  const Place& place = rule.place;
  const char* value = getenv(place.path.c_str());
  struct stat info{};
  if (value == nullptr || value[0] != '/') places_.not_applied.push_back(place.text + ": the environment names no file");
  else if (stat(value, &info) != 0 || !S_ISREG(info.st_mode)) places_.not_applied.push_back(place.text + ": it is not a file");
  else add(rule.access, value, place.text, false, rule.area);
}

void PlaceResolver::add_rule(const AccessRule& rule) {
  const Place& place = rule.place;
  switch (place.kind) {
    case Place::Kind::path:
      add(rule.access, place.path, place.text, false, rule.area);
      break;
    case Place::Kind::cwd:
      add(rule.access, launch_.cwd, "cwd", true, rule.area);
      break;
    case Place::Kind::argument:
      if (written_path(place).empty()) places_.not_applied.push_back(place.text + ": there is no such argument");
      else add(rule.access, written_path(place), place.text, true, rule.area);
      break;
    case Place::Kind::variable:
      add_variable(rule);
      break;
    case Place::Kind::runtime:
      break;
  }
}

void PlaceResolver::add_rules() {
  find_writable();
  // Literal places first: what they cover need not be found again by a symbol.
  for (bool literal : {true, false}) {
    for (const AccessRule& rule : plan_.rules) {
      if ((rule.place.kind == Place::Kind::path) == literal) add_rule(rule);
    }
  }
  // The runtime last: by now it is known where the server may write, and nothing that lies there is believed.
  for (const AccessRule& rule : plan_.rules) {
    if (rule.place.kind == Place::Kind::runtime) add_runtime();
  }
}

Descriptor PlaceResolver::walk_believed(const std::string& path, std::string& why) const {
  std::vector<std::string> rest;
  auto push = [&rest](std::string_view text) {
    std::vector<std::string> parts;
    for (std::string_view part : split(text, '/')) {
      if (!part.empty() && part != ".") parts.emplace_back(part);
    }
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  push(path);
  Descriptor at(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int steps = 0; at && !rest.empty(); steps++) {
    std::string name = std::move(rest.back());
    rest.pop_back();
    Descriptor next(openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info{};
    if (!next || fstat(next.get(), &info) != 0) {
      why = errno == ENOENT ? "does not exist" : strerror(errno);
      return {};
    }
    if (!S_ISLNK(info.st_mode)) {
      at = std::move(next);
      continue;
    }
    char text[PATH_MAX];
    ssize_t n = readlinkat(next.get(), "", text, sizeof text);
    std::string here = path_of(at.get());
    if (n <= 0 || n == static_cast<ssize_t>(sizeof text) || steps > 4096 || here.empty() || in_writable(here)) {
      why = "a link that the server could have made leads on from " + here;
      return {};
    }
    if (text[0] == '/') at = Descriptor(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    push(std::string_view(text, static_cast<size_t>(n)));
  }
  return at;
}

void PlaceResolver::add_late_areas() {
  find_writable();
  for (const AccessRule& rule : plan_.rules) {
    if (rule.place.kind == Place::Kind::runtime || rule.access == Access::exec || rule.access == Access::own) continue;
    bool symbol = rule.place.kind == Place::Kind::cwd || rule.place.kind == Place::Kind::argument;
    const char* value = rule.place.kind == Place::Kind::variable ? getenv(rule.place.path.c_str()) : nullptr;
    std::string path = rule.place.kind == Place::Kind::variable ? std::string(value != nullptr ? value : "") : written_path(rule.place);
    if (path.empty() || path[0] != '/') {
      places_.not_applied.push_back(rule.place.text + ": names nothing");
      continue;
    }
    std::string why;
    Descriptor fd = walk_believed(path, why);
    if (fd && rule.place.kind == Place::Kind::path) {
      // A place named on purpose is granted; one that a link has turned into a secret place since is not.
      std::string real = path_of(fd.get());
      if (real != rule.place.path && refused(rule.place.path).empty()) why = refused(real);
    }
    if (!why.empty()) places_.not_applied.push_back(rule.place.text + ": " + why);
    else add_opened(rule.access, std::move(fd), rule.place.text, symbol, true);
  }
}

namespace {

// A folder that holds a program's own parts, and not just a program among somebody's things.
bool looks_installed(const std::string& folder, bool has_bin) {
  for (const char* part : {"lib", "lib64", "libexec", "share", "include", "node_modules", "_internal", "resources"}) {
    if (exists(folder + "/" + part)) return true;
  }
  if (has_bin) return false;
  DIR* listing = opendir(folder.c_str());
  bool libraries = false;
  int seen = 0;
  while (dirent* entry = listing != nullptr && !libraries && seen++ < 512 ? readdir(listing) : nullptr) {
    libraries = strstr(entry->d_name, ".so") != nullptr || strcmp(entry->d_name, "resources.pak") == 0;
  }
  if (listing != nullptr) closedir(listing);
  return libraries;
}

}  // namespace

// The folder a program was installed into, when that is a reasonable thing to grant; else the file alone.
void PlaceResolver::add_prefix(const std::string& folder, const std::string& file) {
  if (!covered(folder, Access::exec)) {
    // Folders of a person's own things are never a program's folder, whatever else lies in them.
    bool personal = parent_of(folder) == home_ && !base_name(folder).empty();
    if (personal) {
      personal = false;
      for (const char* name : {"Documents", "Downloads", "Desktop", "Pictures", "Music", "Videos", "Public", "Templates", "Dropbox"}) {
        personal = personal || base_name(folder) == name;
      }
    }
    bool usable = !personal && refused(folder).empty() && folder != "/" && folder != "/tmp" && folder != "/var" && folder != "/home";
    if (usable || !covered(file, Access::exec)) add(Access::exec, usable ? folder : file, "runtime", true);
  }
}

void PlaceResolver::add_runtime() {
  add_program(launch_.program, 0);
  std::string name(base_name(launch_.program));
  bool interpreter = false;
  for (const char* known : {"node", "nodejs", "bun", "deno", "ruby", "perl", "php", "java", "tsx", "ts-node"}) {
    interpreter = interpreter || name == known;
  }
  if (interpreter || name.substr(0, 6) == "python" || name.substr(0, 4) == "pypy") add_script_argument(0);
  if (name == "env") {
    // `env [NAME=value...] program ...` starts another program.
    for (size_t i = 0; i < launch_.args.size(); i++) {
      const std::string& word = launch_.args[i];
      if (word.empty() || word[0] == '-' || word.find('=') != std::string::npos) continue;
      std::string found_in;
      int error = 0;
      std::string program = find_program(word, launch_.cwd, path_variable_, plan_.home, found_in, error);
      if (!program.empty()) add_program(program, 1);
      add_script_argument(i + 1);
      break;
    }
  }
  if (name == "uvx" || name == "uv" || name == "pipx") {
    // They look for a python on PATH, then among those that uv installed.
    for (const char* python : {"python3", "python"}) {
      std::string found_in;
      int error = 0;
      std::string program = find_program(python, launch_.cwd, path_variable_, plan_.home, found_in, error);
      if (!program.empty()) add_program(program, 1);
    }
    std::string installed = plan_.home + "/.local/share/uv/python";
    if (exists(installed)) add(Access::exec, installed, "runtime", true);
  }
  bool shell = name == "sh" || name == "bash" || name == "dash" || name == "zsh" || name == "fish";
  if (shell) add_script_argument(0);
}

// The script an interpreter was told to run: the first argument that is an existing file.
void PlaceResolver::add_script_argument(size_t first) {
  for (size_t i = first; i < launch_.args.size(); i++) {
    const std::string& word = launch_.args[i];
    if (word == "-m" || word == "-c" || word == "-e" || word == "--eval" || word == "-p") return;
    if (word == "-r" || word == "--require" || word == "--import" || word == "--loader" || word == "--env-file" ||
        word == "-X" || word == "-W" || word == "-jar") {
      if (word == "-jar") continue;
      i++;
      continue;
    }
    if (word.empty() || word[0] == '-') continue;
    if ((word == "run" || word == "x") && i == first) continue;  // `bun run file`, `deno run file`
    std::string path = word[0] == '/' ? word : launch_.cwd + "/" + word;
    std::string real = believed(path);
    if (real.empty()) return;
    struct stat info{};
    bool folder = stat(real.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    add_package(folder ? real + "/." : real);
    if (!folder) add_program(path, 1);
    return;
  }
}

// Where the package of a script begins: its outermost node_modules' owner, the nearest folder with a package file, or the
// script's own folder. Module look-up climbs, so node_modules folders above are readable too.
void PlaceResolver::add_package(const std::string& file) {
  const std::string& home = home_;
  std::string folder(parent_of(file));
  std::string root;
  size_t modules = file.find("/node_modules/");
  if (modules != std::string::npos) root = file.substr(0, modules) + "/node_modules";
  for (std::string at = folder; root.empty() && at.size() > 1 && at != home && !path_within(home, at); at = std::string(parent_of(at))) {
    for (const char* mark : {"package.json", "pyproject.toml", "pyvenv.cfg", "setup.py", "go.mod", "Cargo.toml", "deno.json"}) {
      if (exists(at + "/" + mark)) root = at;
    }
  }
  // A workspace keeps its packages beside each other and links them.
  for (std::string at = root; at.size() > 1 && at != home && !path_within(home, at); at = std::string(parent_of(at))) {
    if (exists(at + "/pnpm-workspace.yaml") ||
        read_start(at + "/package.json", 65536).find("\"workspaces\"") != std::string::npos) {
      root = at;
    }
  }
  // A lone script in a folder of its user's things is granted alone.
  if (root.empty()) root = parent_of(folder) == home || folder == home ? file : folder;
  if (!covered(root, Access::exec)) add_prefix(root, file);
  for (std::string at = folder; at.size() > 1 && at != home && !path_within(home, at); at = std::string(parent_of(at))) {
    std::string modules_here = believed(at + "/node_modules");
    std::string settings_here = believed(at + "/package.json");
    if (!modules_here.empty() && !covered(modules_here, Access::exec)) add(Access::exec, modules_here, "runtime", true);
    if (!settings_here.empty() && !covered(settings_here, Access::read)) add(Access::read, settings_here, "runtime", true);
  }
}

void PlaceResolver::add_program(const std::string& path, int depth) {
  if (depth > depth_max) return;
  const std::string& home = home_;
  // Every hop of the symlink chain may lie in a version manager's tree (shims, multishells, aliases).
  std::string hop = lexical_path("/", path);
  for (int hops = 0; hops < 16; hops++) {
    for (const char* manager : manager_roots) {
      std::string root = home + "/" + manager;
      // uv and pipx keep many tools side by side; only the tool's own tree is needed, which the prefix rule finds.
      bool shared = strstr(manager, "/uv") != nullptr || strstr(manager, "pipx") != nullptr;
      if (!shared && path_within(hop, root) && !covered(root, Access::exec)) add(Access::exec, root, "runtime", true);
    }
    char buffer[PATH_MAX];
    ssize_t n = readlink(hop.c_str(), buffer, sizeof buffer);
    if (n <= 0 || n >= PATH_MAX) break;
    // A link that the server could have made may lead anywhere.
    if (believed(hop).empty()) return;
    std::string folder = real(std::string(parent_of(hop)));
    hop = lexical_path(folder.empty() ? std::string(parent_of(hop)) : folder, std::string_view(buffer, static_cast<size_t>(n)));
  }
  // A virtual environment's python is a link: the environment itself is needed, not only what the link names.
  std::string lexical = lexical_path("/", path);
  std::string prefix(parent_of(parent_of(lexical)));
  std::string settings = read_start(prefix + "/pyvenv.cfg", 4096);
  if (!settings.empty() && !planted(prefix + "/pyvenv.cfg")) {
    std::string environment = real(prefix);
    if (!environment.empty()) add_prefix(environment, environment + "/pyvenv.cfg");
    // `home = /usr/bin` names the folder of the python it was made from.
    for (std::string_view line : split(settings, '\n')) {
      if (line.substr(0, 4) != "home") continue;
      size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view value = line.substr(equals + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      while (!value.empty() && (value.back() == ' ' || value.back() == '\r')) value.remove_suffix(1);
      for (const char* name : {"/python3", "/python"}) {
        std::string base = std::string(value) + name;
        if (exists(base)) add_program(base, depth + 1);
      }
    }
  }
  std::string real = believed(path);
  if (real.empty() || std::find(visited_.begin(), visited_.end(), real) != visited_.end()) return;
  visited_.push_back(real);
  std::string start = read_start(real, script_scan_max);
  if (start.substr(0, 2) == "#!") {
    add_script(real, start, depth);
    return;
  }
  if (start.substr(0, 4) != "\x7F""ELF") {
    if (!covered(real, Access::exec)) add(Access::exec, real, "runtime", true);
    return;
  }
  std::string folder(parent_of(real));
  std::string_view last = base_name(folder);
  bool in_bin = last == "bin" || last == "sbin" || last == "libexec";
  std::string prefix_folder = in_bin ? std::string(parent_of(folder)) : folder;
  if (looks_installed(prefix_folder, in_bin)) add_prefix(prefix_folder, real);
  else if (!covered(real, Access::exec)) add(Access::exec, real, "runtime", true);
}

void PlaceResolver::add_script(const std::string& real, std::string_view text, int depth) {
  std::string_view line = text.substr(2, text.find('\n') == std::string_view::npos ? std::string_view::npos : text.find('\n') - 2);
  std::vector<std::string_view> words;
  for (std::string_view word : split(line, ' ')) {
    if (!word.empty() && word.back() == '\r') word.remove_suffix(1);
    if (!word.empty()) words.push_back(word);
  }
  bool shell = false;
  bool own_work = planted(real);
  if (!words.empty() && !own_work) {
    std::string interpreter(words[0]);
    if (base_name(interpreter) == "env") {
      add_program(interpreter, depth + 1);
      interpreter.clear();
      for (size_t i = 1; i < words.size(); i++) {
        if (words[i][0] == '-' || words[i].find('=') != std::string_view::npos) continue;
        std::string found_in;
        int error = 0;
        interpreter = find_program(std::string(words[i]), launch_.cwd, path_variable_, plan_.home, found_in, error);
        break;
      }
    }
    if (!interpreter.empty()) {
      add_program(interpreter, depth + 1);
      std::string_view name = base_name(interpreter);
      shell = name == "sh" || name == "bash" || name == "dash" || name == "zsh" || name == "ksh";
    }
  }
  if (real.find("/node_modules/") != std::string::npos) add_package(real);
  else {
    std::string folder(parent_of(real));
    std::string_view last = base_name(folder);
    // A script in some/bin belongs to the package around it only when that says so; a lone script is granted alone.
    bool package = exists(std::string(parent_of(folder)) + "/pyvenv.cfg") || exists(folder + "/package.json") ||
                   exists(std::string(parent_of(folder)) + "/package.json");
    if (package && last == "bin") add_prefix(std::string(parent_of(folder)), real);
    else if (package) add_prefix(folder, real);
    else if (!covered(real, Access::exec)) add(Access::exec, real, "runtime", true);
  }
  if (!shell) return;
  // A wrapper script names what it starts. One that the server itself could have written is not believed.
  if (own_work) return;
  std::string token;
  auto consider = [this, depth](std::string& word) {
    std::string path = word.substr(0, 2) == "~/" ? plan_.home + word.substr(1) : word;
    if (path.substr(0, 6) == "$HOME/") path = plan_.home + path.substr(5);
    if (path.substr(0, 8) == "${HOME}/") path = plan_.home + path.substr(7);
    int error = 0;
    if (path.size() > 1 && path[0] == '/' && executable_file(path, error)) add_program(path, depth + 1);
    word.clear();
  };
  for (char c : text.substr(text.find('\n') == std::string_view::npos ? text.size() : text.find('\n'))) {
    bool part_of_word = c != ' ' && c != '\n' && c != '\t' && c != '"' && c != '\'' && c != ';' && c != '=' && c != '(' &&
                        c != ')' && c != '`' && c != ':' && c != '&' && c != '|';
    if (part_of_word && token.size() < 1024) token.push_back(c);
    else consider(token);
  }
  consider(token);
}

}  // namespace belljar
