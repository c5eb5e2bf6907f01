#include "name-table.hpp"

#include <algorithm>

namespace belljar {

namespace {

std::string key_of(const Address& address) {
  std::string key(1, address.v4 ? '4' : '6');
  key.append(reinterpret_cast<const char*>(address.bytes), address.v4 ? 4 : 16);
  return key;
}

int64_t latest(const std::vector<KnownName>& names) {
  int64_t most = 0;
  for (const KnownName& one : names) most = std::max(most, one.until);
  return most;
}

}  // namespace

void NameTable::make_room() {
  // A quarter at once, what ends soonest: then a flood of answers does not search the table for each of them.
  std::vector<int64_t> ends;
  ends.reserve(names_.size());
  for (const auto& [key, names] : names_) ends.push_back(latest(names));
  auto quarter = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 4);
  std::nth_element(ends.begin(), quarter, ends.end());
  int64_t bound = *quarter;
  for (auto at = names_.begin(); at != names_.end();) at = latest(at->second) <= bound ? names_.erase(at) : std::next(at);
}

void NameTable::learn(const Address& address, std::string_view name, int64_t until, bool of_hosts) {
  std::string key = key_of(address);
  auto found = names_.find(key);
  if (found == names_.end()) {
    if (names_.size() >= name_table_addresses) make_room();
    found = names_.emplace(std::move(key), std::vector<KnownName>()).first;
  }
  std::vector<KnownName>& names = found->second;
  KnownName known{std::string(name), until, of_hosts};
  auto same = std::find_if(names.begin(), names.end(), [name](const KnownName& one) { return one.name == name; });
  if (same != names.end()) {
    known.until = std::max(known.until, same->until);
    known.of_hosts = known.of_hosts || same->of_hosts;
    names.erase(same);
  } else if (names.size() >= name_table_names) {
    names.erase(std::min_element(names.begin(), names.end(), [](const KnownName& one, const KnownName& other) { return one.until < other.until; }));
  }
  names.insert(names.begin(), std::move(known));
}

std::vector<KnownName> NameTable::names_of(const Address& address, int64_t now) const {
  std::vector<KnownName> out;
  auto found = names_.find(key_of(address));
  if (found == names_.end()) return out;
  for (const KnownName& one : found->second) {
    if (one.until > now) out.push_back(one);
  }
  return out;
}

}  // namespace belljar
