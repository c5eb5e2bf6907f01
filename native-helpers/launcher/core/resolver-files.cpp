#include "resolver-files.hpp"

#include <algorithm>

#include "host-rules.hpp"
#include "text.hpp"

namespace belljar {

namespace {

constexpr std::string_view blanks = " \t\r\v\f";

// Words of a line up to a comment.
std::vector<std::string_view> words_of(std::string_view line, std::string_view comments) {
  line = line.substr(0, line.find_first_of(comments));
  std::vector<std::string_view> words;
  while (words.size() < 64) {
    size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin);
    size_t end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

}  // namespace

std::vector<Address> name_servers_of(std::string_view text) {
  std::vector<Address> found;
  for (std::string_view line : split(text.substr(0, resolver_file_max), '\n')) {
    auto words = words_of(line, "#;");
    if (words.size() < 2 || words[0] != "nameserver" || found.size() >= name_servers_max) continue;
    Address address;
    // A scope (`fe80::1%eth0`) is left out: the routing table decides.
    if (!parse_address(words[1].substr(0, words[1].find('%')), address)) continue;
    address.port = 53;
    found.push_back(address);
  }
  return found;
}

std::string resolv_conf_for(std::string_view machine, const Address& name_server, bool patient) {
  std::string out = "nameserver " + host_text(name_server) + "\n";
  for (std::string_view line : split(machine.substr(0, resolver_file_max), '\n')) {
    auto words = words_of(line, "#;");
    bool kept = words.size() >= 2 && (words[0] == "search" || words[0] == "domain" || words[0] == "options");
    if (!kept || out.size() > 8192) continue;
    for (size_t i = 0; i < words.size(); i++) out.append(i > 0 ? " " : "").append(words[i]);
    out += "\n";
  }
  // Look-ups come over TCP, through the same decided connect as everything else; datagrams are refused.
  out += "options use-vc\n";
  // The last word counts: a person may be asked for the name, which takes longer than a name server should.
  if (patient) out += "options timeout:25 attempts:1\n";
  return out;
}

std::vector<HostsEntry> entries_of_hosts(std::string_view text) {
  std::vector<HostsEntry> out;
  for (std::string_view line : split(text.substr(0, resolver_file_max), '\n')) {
    auto words = words_of(line, "#");
    Address address;
    if (words.size() < 2 || !parse_address(words[0].substr(0, words[0].find('%')), address)) continue;
    for (size_t i = 1; i < words.size() && out.size() < hosts_entries_max; i++) {
      std::string name = normal_host_name(words[i]);
      if (valid_host_name(name)) out.push_back({std::move(name), address});
    }
  }
  return out;
}

Address made_up_address(size_t index) {
  Address address;
  address.v4 = true;
  // 198.18.0.0 itself is left out.
  uint32_t number = static_cast<uint32_t>(index) + 1;
  address.bytes[0] = 198;
  address.bytes[1] = static_cast<uint8_t>(18 + (number >> 16));
  address.bytes[2] = static_cast<uint8_t>(number >> 8);
  address.bytes[3] = static_cast<uint8_t>(number);
  return address;
}

bool made_up_index(const Address& address, size_t& index) {
  if (!address.v4 || address.bytes[0] != 198 || (address.bytes[1] & 0xFE) != 18) return false;
  uint32_t number = static_cast<uint32_t>(address.bytes[1] - 18) << 16 | static_cast<uint32_t>(address.bytes[2]) << 8 | address.bytes[3];
  if (number == 0) return false;
  index = number - 1;
  return true;
}

std::string hosts_file_for(std::string_view machine, const std::vector<std::string>& names) {
  std::string out(machine.substr(0, resolver_file_max));
  if (!out.empty() && out.back() != '\n') out += "\n";
  auto known = entries_of_hosts(machine);
  for (size_t i = 0; i < names.size() && i < made_up_addresses_max; i++) {
    bool there = std::any_of(known.begin(), known.end(), [&](const HostsEntry& entry) { return entry.name == names[i]; });
    if (!there) out += host_text(made_up_address(i)) + " " + names[i] + "\n";
  }
  return out;
}

}  // namespace belljar
