#include "host-rules.hpp"

#include <algorithm>
#include <cstring>

#include "text.hpp"

namespace belljar {

namespace {

// Shorter prefixes name the internet only.
constexpr int wide_v4 = 8;
constexpr int wide_v6 = 7;

bool holds(const std::vector<PortRange>& ports, uint16_t port) {
  return std::any_of(ports.begin(), ports.end(), [port](const PortRange& range) { return port >= range.first && port <= range.last; });
}

bool same_prefix(const uint8_t* one, const uint8_t* other, int bits) {
  if (memcmp(one, other, static_cast<size_t>(bits / 8)) != 0) return false;
  if (bits % 8 == 0) return true;
  uint8_t mask = static_cast<uint8_t>(0xFF << (8 - bits % 8));
  return (one[bits / 8] & mask) == (other[bits / 8] & mask);
}

bool is_below(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() + 1 && name.ends_with(suffix) && name[name.size() - suffix.size() - 1] == '.';
}

}  // namespace

bool valid_host_name(std::string_view name) {
  if (name.empty() || name.size() > host_name_max) return false;
  size_t label = 0;
  bool digits = true;
  for (char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      digits = true;
      continue;
    }
    bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') return false;
    digits = digits && digit;
    if (++label > host_label_max) return false;
  }
  return label != 0 && !digits;
}

std::string normal_host_name(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool HostRules::compile(const std::vector<HostRule>& lines, std::string& error) {
  for (const HostRule& line : lines) {
    std::string_view pattern = line.pattern;
    size_t slash = pattern.find('/');
    NetworkRule network;
    if (parse_address(pattern.substr(0, slash), network.address)) {
      int most = network.address.v4 ? 32 : 128;
      network.length = most;
      if (slash != std::string_view::npos) {
        // A network of IPv6 forms that carry IPv4 would mean two things.
        bool six = pattern.find(':') != std::string_view::npos;
        auto length = parse_number(pattern.substr(slash + 1), static_cast<uint64_t>(most));
        if (!length || six == network.address.v4) {
          error = "\"" + line.pattern + "\" is not a network";
          return false;
        }
        network.length = static_cast<int>(*length);
      }
      network.ports = line.ports;
      networks_.push_back(std::move(network));
      continue;
    }
    NameRule rule;
    rule.below = pattern.substr(0, 2) == "*.";
    if (rule.below) pattern.remove_prefix(2);
    if (!valid_host_name(pattern)) {
      error = "\"" + line.pattern + "\" is not a host";
      return false;
    }
    rule.name = std::string(pattern);
    rule.ports = line.ports;
    rule.checked = line.checked;
    names_.push_back(std::move(rule));
  }
  return true;
}

void HostRules::add_own(std::string_view host, uint16_t port) {
  NetworkRule network;
  if (parse_address(host, network.address)) {
    network.length = network.address.v4 ? 32 : 128;
    network.ports.push_back({port, port});
    network.own = true;
    networks_.push_back(std::move(network));
    return;
  }
  NameRule rule;
  rule.name = normal_host_name(host);
  if (!valid_host_name(rule.name)) return;
  rule.ports.push_back({port, port});
  rule.checked = false;
  rule.own = true;
  names_.push_back(std::move(rule));
}

void HostRules::keep_own(const HostRules& before) {
  for (const NameRule& rule : before.names_) {
    if (rule.own) names_.push_back(rule);
  }
  for (const NetworkRule& rule : before.networks_) {
    if (rule.own) networks_.push_back(rule);
  }
}

bool HostRules::names_address(const Address& address, bool internet) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const NetworkRule& rule) {
    if (rule.address.v4 != address.v4 || !holds(rule.ports, address.port)) return false;
    if (!internet && rule.length < (address.v4 ? wide_v4 : wide_v6)) return false;
    return same_prefix(rule.address.bytes, address.bytes, rule.length);
  });
}

HostRules::NameMatch HostRules::name_at(std::string_view name, uint16_t port) const {
  NameMatch match;
  match.checked = true;
  for (const NameRule& rule : names_) {
    bool fits = rule.below ? is_below(name, rule.name) : name == rule.name;
    if (!fits || !holds(rule.ports, port)) continue;
    match.allowed = true;
    match.checked = match.checked && rule.checked;
    match.exact = match.exact || !rule.below;
    match.own = match.own || rule.own;
  }
  return match;
}

bool HostRules::may_look_up(std::string_view name, size_t& below) const {
  bool found = false;
  below = 0;
  for (const NameRule& rule : names_) {
    if (rule.own) continue;
    if (!rule.below && name == rule.name) {
      below = 0;
      return true;
    }
    if (!rule.below || !is_below(name, rule.name)) continue;
    size_t before = name.size() - rule.name.size() - 1;
    below = found ? std::min(below, before) : before;
    found = true;
  }
  return found;
}

bool HostRules::names_host(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(), [name](const NameRule& rule) { return rule.below ? is_below(name, rule.name) : name == rule.name; });
}

std::vector<std::string> HostRules::full_names() const {
  std::vector<std::string> out;
  for (const NameRule& rule : names_) {
    if (!rule.below && !rule.own && std::find(out.begin(), out.end(), rule.name) == out.end()) out.push_back(rule.name);
  }
  return out;
}

}  // namespace belljar
