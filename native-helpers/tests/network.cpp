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

  NetworkRules rules;
  check::that(!may_connect(rules, address("8.8.8.8", 443)), "none: not the internet");
  rules.network = Network::open;
  check::that(may_connect(rules, address("8.8.8.8", 443)), "open: the internet");
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", "::ffff:192.168.0.1"}) {
    check::that(!may_connect(rules, address(text, 443)), std::string("open: not ") + text);
  }
  check::equal(std::string(kind_name(route_kind(address("127.0.0.1", 80)))), "own", "the routing table knows this machine");
  rules.local_ports = {5432};
  check::that(may_connect(rules, address("127.0.0.1", 5432)) && may_connect(rules, address("::1", 5432)), "a named local port");
  check::that(!may_connect(rules, address("127.0.0.1", 5433)) && !may_connect(rules, address("10.0.0.1", 5432)), "only that, only here");
  rules.resolvers = resolvers_of("# x\nnameserver 127.0.0.53\nnameserver\t10.0.0.2 # y\nnameserver bad\nnameserverx 1.2.3.4\noptions edns0\n");
  check::equal(rules.resolvers.size(), 2u, "name servers of resolv.conf");
  check::that(may_connect(rules, address("127.0.0.53", 53)) && may_connect(rules, address("10.0.0.2", 53)), "the resolver's port");
  check::that(!may_connect(rules, address("127.0.0.53", 80)) && !may_connect(rules, address("127.0.0.54", 53)), "nothing else of it");
  rules.network = Network::none;
  check::that(!may_connect(rules, address("127.0.0.53", 53)), "none: not even the resolver");
  check::that(may_connect(rules, address("127.0.0.1", 5432)), "none: a named local port");
}
