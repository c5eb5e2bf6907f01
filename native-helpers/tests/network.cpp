#include "../launcher/linux/network.hpp"

#include <arpa/inet.h>
#include <cstring>

#include "check.hpp"

using namespace belljar;

namespace {

Address address(const char* text, uint16_t port) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  Address out;
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    memcpy(&storage, &v4, sizeof v4);
    read_address(storage, sizeof v4, out);
  } else {
    inet_pton(AF_INET6, text, &v6.sin6_addr);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    memcpy(&storage, &v6, sizeof v6);
    read_address(storage, sizeof v6, out);
  }
  return out;
}

}  // namespace

void test_network() {
  static constexpr struct {
    const char* text;
    const char* kind;
  } cases[] = {
      {"93.184.216.34", "internet"},   {"8.8.8.8", "internet"},          {"2606:4700::1111", "internet"},
      {"127.0.0.1", "loopback"},       {"127.255.255.254", "loopback"},  {"::1", "loopback"},
      {"::ffff:127.0.0.1", "loopback"}, {"::127.0.0.1", "loopback"},     {"64:ff9b::7f00:1", "loopback"},
      {"2002:7f00:1::", "loopback"},   {"0.0.0.0", "unspecified"},       {"::", "unspecified"},
      {"::ffff:0.0.0.0", "unspecified"}, {"10.0.0.1", "private"},        {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},   {"172.32.0.1", "internet"},       {"192.168.1.1", "private"},
      {"100.64.0.1", "private"},       {"fd12::1", "private"},           {"fec0::1", "private"},
      {"::ffff:10.0.0.1", "private"},  {"64:ff9b::a00:1", "private"},    {"2002:a00:1::1", "private"},
      {"169.254.1.1", "link-local"},   {"fe80::1", "link-local"},        {"169.254.169.254", "metadata"},
      {"::ffff:169.254.169.254", "metadata"}, {"100.100.100.200", "metadata"}, {"fd00:ec2::254", "metadata"},
      {"224.0.0.1", "multicast"},      {"ff02::1", "multicast"},         {"255.255.255.255", "reserved"},
      {"0.1.2.3", "reserved"},         {"198.18.0.1", "reserved"},       {"64:ff9b:1::1", "reserved"},
      {"100::1", "reserved"},          {"2001::1", "reserved"},
  };
  for (const auto& one : cases) check::equal(std::string(kind_name(kind_of(address(one.text, 80)))), one.kind, one.text);
  check::equal(address_text(address("::ffff:127.0.0.1", 80)), "127.0.0.1:80", "mapped addresses are written as what they are");
  check::equal(address_text(address("2606:4700::1111", 443)), "[2606:4700::1111]:443", "v6 with port");

  sockaddr_storage storage{};
  storage.ss_family = AF_INET;
  Address out;
  check::that(!read_address(storage, 4, out), "a short address is none");
  storage.ss_family = AF_UNIX;
  check::that(!read_address(storage, sizeof storage, out), "another family is none");

  using Way = ConnectVerdict::Way;
  auto way = [](const NetworkRules& rules, const char* text, uint16_t port, const std::vector<KnownName>& names = {}, const char* made_up = "") {
    return judge_connect(rules, address(text, port), names, made_up).way;
  };
  auto named = [](const char* name, bool of_hosts = false) { return std::vector<KnownName>{{name, INT64_MAX, of_hosts}}; };
  NetworkRules rules;
  check::that(way(rules, "8.8.8.8", 443) == Way::refuse, "none: not the internet");
  check::that(way(rules, "127.0.0.77", 53) == Way::refuse, "none: no name server");
  rules.network = Network::open;
  check::that(way(rules, "8.8.8.8", 443) == Way::direct, "open: the internet");
  check::that(way(rules, "127.0.0.77", 53) == Way::resolver && way(rules, "::ffff:127.0.0.77", 53) == Way::resolver, "open: our name server");
  check::that(way(rules, "127.0.0.77", 80) == Way::refuse && way(rules, "127.0.0.78", 53) == Way::refuse, "nothing else of it");
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", "::ffff:192.168.0.1", "198.18.0.1"}) {
    check::that(way(rules, text, 443) == Way::refuse, std::string("open: not ") + text);
    check::that(way(rules, text, 443, named("api.example.com")) == Way::refuse, std::string("open: not by a name: ") + text);
  }
  check::equal(std::string(kind_name(route_kind(address("127.0.0.1", 80)))), "own", "the routing table knows this machine");
  rules.local_ports = {5432};
  check::that(way(rules, "127.0.0.1", 5432) == Way::direct && way(rules, "::1", 5432) == Way::direct, "a named local port");
  check::that(way(rules, "127.0.0.1", 5433) == Way::refuse && way(rules, "10.0.0.1", 5432) == Way::refuse, "only that, only here");
  rules.network = Network::none;
  check::that(way(rules, "127.0.0.1", 5432) == Way::direct, "none: a named local port");

  rules.network = Network::hosts;
  std::string error;
  std::vector<PortRange> https = {{443, 443}};
  std::vector<HostRule> lines = {{"api.example.com", https, true},    {"plain.example.com", https, false}, {"*.example.net", {{443, 443}, {8000, 8010}}, true},
                                 {"10.1.0.0/16", {{5432, 5432}}, true}, {"169.254.169.254", {{80, 80}}, true}, {"0.0.0.0/0", {{9999, 9999}}, true}};
  check::that(rules.hosts.compile(lines, error), "rules compile");
  check::that(way(rules, "8.8.8.8", 443) == Way::refuse, "hosts: an address without a name");
  check::that(way(rules, "8.8.8.8", 443, named("api.example.com")) == Way::checked, "hosts: a name that is checked");
  check::that(way(rules, "8.8.8.8", 443, named("plain.example.com")) == Way::direct, "hosts: a name that is not");
  check::that(way(rules, "8.8.8.8", 80, named("api.example.com")) == Way::refuse, "hosts: another port");
  check::that(way(rules, "8.8.8.8", 443, named("other.example.com")) == Way::refuse, "hosts: another name");
  check::that(way(rules, "8.8.8.8", 8005, named("a.b.example.net")) == Way::checked, "hosts: below a suffix");
  check::that(way(rules, "8.8.8.8", 443, named("example.net")) == Way::refuse, "hosts: the suffix itself is not below it");
  check::that(way(rules, "8.8.8.8", 443, named("badexample.net")) == Way::refuse, "hosts: a suffix is whole labels");
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd12::1", "0.0.0.0", "::ffff:192.168.0.1", "64:ff9b::7f00:1", "100.64.0.1"}) {
    check::that(way(rules, text, 443, named("api.example.com")) == Way::refuse, std::string("an allowed name must not lead to ") + text);
  }
  check::that(way(rules, "10.0.0.1", 443, named("api.example.com", true)) == Way::checked, "this machine's own hosts file is believed");
  check::that(way(rules, "10.0.0.1", 443, named("a.example.net", true)) == Way::refuse, "but only for names that a rule holds in full");
  check::that(way(rules, "169.254.169.254", 443, named("api.example.com", true)) == Way::refuse, "and never for a metadata service");
  check::that(way(rules, "10.1.2.3", 5432) == Way::direct && way(rules, "10.2.2.3", 5432) == Way::refuse, "a network by its number");
  check::that(way(rules, "169.254.169.254", 80) == Way::direct && way(rules, "169.254.169.254", 81) == Way::refuse, "an address by its number");
  check::that(way(rules, "8.8.8.8", 9999) == Way::direct && way(rules, "127.0.0.1", 9999) == Way::refuse && way(rules, "10.0.0.1", 9999) == Way::refuse,
              "everything means the internet");
  check::that(way(rules, "198.18.0.1", 443, {}, "api.example.com") == Way::by_name, "a made-up address");
  check::that(way(rules, "198.18.0.1", 80, {}, "api.example.com") == Way::refuse, "a made-up address, another port");
  check::that(way(rules, "198.18.0.9", 443) == Way::refuse, "an address that was not made up");
  check::that(way(rules, "8.8.8.8", 443, {{"api.example.com", INT64_MAX, false}, {"plain.example.com", INT64_MAX, false}}) == Way::direct,
              "one unchecked rule is enough");
  rules.hosts.add_own("10.9.9.9", 3128);
  rules.hosts.add_own("proxy.corp", 3128);
  check::that(way(rules, "10.9.9.9", 3128) == Way::direct && way(rules, "10.9.9.8", 3128) == Way::refuse, "the machine's own proxy by address");
  check::that(way(rules, "10.9.9.8", 3128, named("proxy.corp")) == Way::direct, "the machine's own proxy by name");

  for (const char* text : {"8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"}) {
    sockaddr_storage back{};
    Address one = address(text, 53);
    Address again;
    socklen_t size = write_address(one, one.v4 ? AF_INET : AF_INET6, back);
    check::that(read_address(back, size, again) && same_host(one, again) && again.port == 53, std::string("written and read: ") + text);
    if (one.v4) check::that(read_address(back, write_address(one, AF_INET6, back), again) && same_host(one, again), "mapped for a socket of IPv6");
  }
}
