#include "secrets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace belljar {

namespace {

bool kept_name_byte(char byte, bool first) {
  bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
  return letter || (!first && byte >= '0' && byte <= '9');
}

// The content, or a sentence about why it is not believed. A reserved buffer, so that no copy is left behind by growing.
std::string read_kept(const std::string& path, std::string& into) {
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return errno == ENOENT ? "it is not there" : errno == ELOOP ? "it is a link" : strerror(errno);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "it is not a file";
  if (info.st_uid != geteuid()) return "it belongs to another user";
  if ((info.st_mode & 077) != 0) return "it can be read or changed by others";
  if (info.st_size > static_cast<off_t>(secret_max_bytes)) return "it is larger than 64 KiB";
  size_t start = into.size();
  into.resize(start + secret_max_bytes + 1);
  size_t length = 0;
  while (length <= secret_max_bytes) {
    ssize_t n = ::read(fd.get(), into.data() + start + length, secret_max_bytes + 1 - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return strerror(errno);
    if (n == 0) break;
    length += static_cast<size_t>(n);
  }
  if (length > secret_max_bytes) return "it is larger than 64 KiB";
  into.resize(start + length);
  if (memchr(into.data() + start, '\0', length) != nullptr) return "it holds a zero byte, which no variable can";
  return {};
}

}  // namespace

std::string_view kept_name(std::string_view text) {
  if (text.substr(0, kept_prefix.size()) != kept_prefix) return {};
  std::string_view name = text.substr(kept_prefix.size());
  if (name.empty() || name.size() > 200) return {};
  for (size_t i = 0; i < name.size(); i++) {
    if (!kept_name_byte(name[i], i == 0)) return {};
  }
  return name;
}

std::string_view kept_name_of_argument(std::string_view argument) {
  if (!argument.empty() && argument[0] == '-') {
    size_t equals = argument.find('=');
    return equals == std::string_view::npos ? std::string_view() : kept_name(argument.substr(equals + 1));
  }
  return kept_name(argument);
}

std::vector<std::string> without_kept(const std::vector<std::string>& args) {
  std::vector<std::string> out;
  for (const std::string& argument : args) {
    if (kept_name_of_argument(argument).empty()) {
      out.push_back(argument);
      continue;
    }
    bool alone = argument[0] != '-';
    if (alone && !out.empty() && out.back().size() > 1 && out.back()[0] == '-' && out.back() != "--") out.pop_back();
  }
  return out;
}

bool GivenSecrets::read(const Plan& plan, const std::vector<std::string>& args, Environment& environment, std::vector<std::string>& not_applied, Refusal& refusal) {
  auto take = [&](const std::string& variable, const std::string& name) {
    auto secret = std::find_if(plan.secrets.begin(), plan.secrets.end(), [&](const Secret& one) { return one.name == name; });
    auto stop = [&](const std::string& why) {
      refusal = {"secret-missing", "The value of " + name + ", which Belljar keeps, cannot be used (" + why + "), so the server was not started.",
                 "Write the value into the client's file, in place of " + std::string(kept_prefix) + name + ".", exit_refused};
      return false;
    };
    if (secret == plan.secrets.end()) return stop("the plan does not name it");
    Value value{variable, secret->file, secret->path, {}};
    value.entry.reserve(variable.size() + 1 + secret_max_bytes + 1);
    value.entry = variable;
    value.entry.push_back('=');
    std::string why = read_kept(secret->path, value.entry);
    if (!why.empty()) return stop(secret->path + ": " + why);
    environment.remove(variable);
    values_.push_back(std::move(value));
    return true;
  };
  std::vector<std::string> asked;
  for (const std::string& argument : args) {
    std::string name(kept_name_of_argument(argument));
    if (name.empty() || std::find(asked.begin(), asked.end(), name) != asked.end()) continue;
    if (!take(name, name)) return false;
    asked.push_back(name);
  }
  for (const std::string& variable : environment.names()) {
    if (std::find(asked.begin(), asked.end(), variable) != asked.end()) continue;
    std::string name(kept_name(environment.get(variable)));
    if (!name.empty()) {
      if (!take(variable, name)) return false;
      continue;
    }
    bool kept = std::any_of(plan.secrets.begin(), plan.secrets.end(), [&](const Secret& one) { return one.name == variable; });
    if (kept) not_applied.push_back("secret " + variable + ": the client passes another value, which is newer and was passed on");
  }
  return true;
}

bool GivenSecrets::has_files() const {
  return std::any_of(values_.begin(), values_.end(), [](const Value& value) { return value.file; });
}

bool GivenSecrets::write_files(int folder, const std::string& path, Environment& environment) const {
  for (const Value& value : values_) {
    if (!value.file) continue;
    Descriptor fd(openat(folder, value.variable.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
    if (!fd) return false;
    std::string_view rest = std::string_view(value.entry).substr(value.variable.size() + 1);
    while (!rest.empty()) {
      ssize_t n = write(fd.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      rest.remove_prefix(static_cast<size_t>(n));
    }
    environment.set(value.variable + "_FILE", path + "/" + value.variable);
  }
  return true;
}

void GivenSecrets::name_stored(Environment& environment) const {
  for (const Value& value : values_) {
    if (value.file) environment.set(value.variable + "_FILE", value.stored);
  }
}

void GivenSecrets::add_to(std::vector<char*>& variables) {
  // The last one is the null that ends the list.
  for (Value& value : values_) {
    if (!value.file) variables.insert(variables.end() - 1, value.entry.data());
  }
}

void GivenSecrets::wipe() {
  for (Value& value : values_) explicit_bzero(value.entry.data(), value.entry.size());
  values_.clear();
}

}  // namespace belljar
