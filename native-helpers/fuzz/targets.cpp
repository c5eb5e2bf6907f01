#include "targets.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../launcher/core/dns-message.hpp"
#include "../launcher/core/first-bytes.hpp"
#include "../launcher/core/host-rules.hpp"
#include "../launcher/core/pattern.hpp"
#include "../launcher/core/plan.hpp"
#include "../launcher/core/resolver-files.hpp"
#include "../launcher/linux/network.hpp"

namespace fuzz {

using namespace belljar;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken promise: %s\n", what);
  std::abort();
}

namespace {

void dns_query(const uint8_t* bytes, size_t size) {
  DnsQuery query;
  if (!parse_dns_query(text_of(bytes, size), query)) return;
  require(query.name.size() <= 4 * 255, "a name is bounded");
  if (!query.plain || query.name.empty()) return;
  // What is plain can be asked upstream and read again as the same.
  DnsQuery again;
  require(parse_dns_query(build_dns_query(query.id, query.name, query.type), again), "a plain name can be asked");
  require(again.name == query.name && again.type == query.type && again.id == query.id, "and is the same");
  DnsAnswer answer;
  require(parse_dns_answer(build_dns_answer(query, DnsAnswer{}), query.id, query.name, query.type, true, answer), "an answer to it can be read");
}

// The first bytes choose what was asked: type, and whether the answer is taken bare.
void dns_answer(const uint8_t* bytes, size_t size) {
  if (size < 2) return;
  constexpr uint16_t types[] = {dns_type::a, dns_type::aaaa, dns_type::cname, dns_type::https, dns_type::svcb, dns_type::srv, dns_type::mx, dns_type::txt};
  uint16_t type = types[bytes[0] % 8];
  bool bare = (bytes[0] & 0x80) != 0;
  std::string_view message = text_of(bytes + 1, size - 1);
  uint16_t id = message.size() >= 2 ? static_cast<uint16_t>(static_cast<uint8_t>(message[0]) << 8 | static_cast<uint8_t>(message[1])) : 0;
  DnsAnswer answer;
  if (!parse_dns_answer(message, id, "a.example", type, bare, answer)) return;
  require(answer.addresses.size() <= 65'536, "addresses are bounded");
  if (answer.truncated) return;
  // What was built anew can be read again, and says the same.
  DnsQuery query;
  parse_dns_query(build_dns_query(id, "a.example", type), query);
  DnsAnswer again;
  answer.code = dns_code::no_error;
  require(parse_dns_answer(build_dns_answer(query, answer), id, "a.example", type, bare, again), "what was built can be read");
  require(again.count == answer.count && again.addresses.size() == answer.addresses.size(), "and says the same");
  for (size_t i = 0; i < answer.addresses.size(); i++) require(same_host(again.addresses[i].address, answer.addresses[i].address), "the same address");
}

void first_bytes(const uint8_t* bytes, size_t size) {
  std::string_view text = text_of(bytes, size);
  using State = FirstBytes::State;
  FirstBytes whole = read_first_bytes(text);
  if (whole.state == State::named) {
    require(!whole.name.empty() && whole.name.size() <= host_name_max, "a name is bounded");
    for (char c : whole.name) require(c > 0x20 && c < 0x7F, "a name can be shown");
    require(read_first_bytes(std::string(text) + "GET / HTTP/1.1\r\nHost: other\r\n\r\n").name == whole.name || text.size() >= http_head_max, "what follows does not change it");
  }
  // However it is cut, the first verdict that is one stands.
  for (size_t length = 1; length < text.size() && text.size() < 400; length++) {
    FirstBytes part = read_first_bytes(text.substr(0, length));
    if (part.state == State::more) continue;
    require(part.state == whole.state && part.name == whole.name, "a beginning says the same as the whole");
    break;
  }
}

void address(const uint8_t* bytes, size_t size) {
  sockaddr_storage storage{};
  if (size < 1) return;
  size_t length = bytes[0] % (sizeof storage + 1);
  memcpy(&storage, bytes + 1, size - 1 < sizeof storage ? size - 1 : sizeof storage);
  Address out;
  if (!read_address(storage, length, out)) return;
  AddressKind kind = kind_of(out);
  require(kind_name(kind)[0] != '\0', "every address is of some kind");
  std::string text = host_text(out);
  Address again;
  require(parse_address(text, again) && same_host(out, again), "what is written can be read");
  sockaddr_storage back{};
  require(read_address(back, write_address(out, AF_INET6, back), again) && same_host(out, again) && kind_of(again) == kind, "an address for a socket of IPv6 is the same");
}

void resolver_files(const uint8_t* bytes, size_t size) {
  std::string_view text = text_of(bytes, size);
  Address own;
  parse_address("127.0.0.77", own);
  std::string made = resolv_conf_for(text, own, (text.size() & 1) != 0);
  auto servers = name_servers_of(made);
  require(servers.size() == 1 && same_host(servers[0], own), "one name server, ours");
  require(name_servers_of(text).size() <= name_servers_max, "name servers are bounded");
  for (const HostsEntry& entry : entries_of_hosts(text)) require(valid_host_name(entry.name), "entries are names");
  auto entries = entries_of_hosts(hosts_file_for(text.substr(0, 4096), {"api.example"}));
  bool there = false;
  for (const HostsEntry& entry : entries) there = there || entry.name == "api.example";
  require(there, "every name has an address");
}

void plan(const uint8_t* bytes, size_t size) {
  Plan out;
  std::string error;
  if (!parse_plan(text_of(bytes, size), out, error)) {
    require(!error.empty(), "what is refused is said");
    return;
  }
  // A folder on the way to a match is not one itself, and what is below a match is.
  std::vector<Pattern> patterns = out.patterns.deny;
  for (const Exception& one : out.patterns.except) patterns.push_back(one.pattern);
  for (const Pattern& pattern : patterns) {
    require(parse_pattern(pattern.text).has_value(), "a pattern is what it was written as");
    std::string folder = pattern.path.empty() ? "/r" : pattern.path;
    for (const std::string& segment : pattern.segments) {
      require(pattern_rests(pattern, folder, visible_segments(folder, "/r")).size() <= pattern_segments_max, "what is left is bounded");
      folder += "/" + segment;
    }
    int reach = pattern_reach(pattern, folder, visible_segments(folder, "/r"));
    require(reach == static_cast<int>(folder.size()), "a pattern names its own text");
    folder += "/\1";
    require(pattern_reach(pattern, folder, visible_segments(folder, "/r")) >= reach, "and what lies below");
  }
  HostRules rules;
  if (!rules.compile(out.hosts, error)) require(!error.empty(), "what is refused is said");
}

}  // namespace

const Target targets[] = {{"dns-query", dns_query}, {"dns-answer", dns_answer}, {"first-bytes", first_bytes}, {"address", address},
                          {"resolver-files", resolver_files}, {"plan", plan},
                          {"pattern", pattern}, {"link", link}, {"socket-place", socket_place}, {"host-answer", host_answer}, {"text", text}, {"proxy", proxy},
                          {"machine-files", machine_files}, {"plan-change", plan_change}, {"spool", spool}, {"audit-records", audit_records}, {"opener-question", opener_question},
                          {"opener-answer", opener_answer}, {"network-messages", network_messages}, {"ask-messages", ask_messages},
                          {"plan-update", plan_update}, {"calls", calls}};
const size_t targets_count = sizeof targets / sizeof *targets;

}  // namespace fuzz
