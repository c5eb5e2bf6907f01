#include "environment.hpp"

#include <algorithm>

namespace belljar {

namespace {

bool passes(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [name](const std::string& pattern) {
    if (pattern.back() != '*') return pattern == name;
    return name.substr(0, pattern.size() - 1) == std::string_view(pattern).substr(0, pattern.size() - 1);
  });
}

}  // namespace

Environment Environment::from_plan(const Plan& plan, char** inherited) {
  Environment out;
  for (char** at = inherited; *at != nullptr; at++) {
    std::string_view entry(*at);
    size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    std::string_view name = entry.substr(0, equals);
    if (!out.has(name) && passes(plan.env, name)) out.entries_.emplace_back(entry);
  }
  for (const Variable& variable : plan.set) out.set(variable.name, variable.value);
  return out;
}

std::string_view Environment::get(std::string_view name) const {
  for (const std::string& entry : entries_) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0) {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return {};
}

bool Environment::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [name](const std::string& entry) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0;
  });
}

std::vector<std::string> Environment::names() const {
  std::vector<std::string> out;
  for (const std::string& entry : entries_) out.push_back(entry.substr(0, entry.find('=')));
  return out;
}

void Environment::set(std::string_view name, std::string_view value) {
  std::string entry = std::string(name) + "=" + std::string(value);
  for (std::string& one : entries_) {
    if (one.size() > name.size() && one[name.size()] == '=' && one.compare(0, name.size(), name) == 0) {
      one = std::move(entry);
      return;
    }
  }
  entries_.push_back(std::move(entry));
}

void Environment::remove(std::string_view name) {
  std::erase_if(entries_, [name](const std::string& entry) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0;
  });
}

std::vector<char*> Environment::pointers() {
  std::vector<char*> out;
  for (std::string& entry : entries_) out.push_back(entry.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace belljar
