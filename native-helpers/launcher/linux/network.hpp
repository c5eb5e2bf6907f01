// Addresses: what they are, and whether a plan lets a server reach them. Pure but for one look at this machine's own addresses.
#pragma once
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "../core/plan.hpp"

namespace belljar {

struct Address {
  bool v4 = false;
  uint8_t bytes[16] = {};  // v4 in the first four
  uint16_t port = 0;
  uint32_t scope = 0;
};

enum class AddressKind { internet, loopback, private_network, link_local, metadata, unspecified, multicast, reserved, own };

// From a sockaddr copy; IPv4-mapped, IPv4-compatible, NAT64 and 6to4 addresses become the IPv4 address they carry.
bool read_address(const sockaddr_storage& storage, size_t size, Address& out);
AddressKind kind_of(const Address& address);
const char* kind_name(AddressKind kind);
std::string address_text(const Address& address);

// Where a public address really leads: `own` when it is one of this machine's, `private_network` when it is a neighbour on
// the same link (IPv6 gives those public addresses), else `internet`. Asks the kernel's routing table; where it gives no
// answer, `reserved`, which nobody may reach.
AddressKind route_kind(const Address& address);

struct NetworkRules {
  Network network = Network::none;
  std::vector<uint16_t> local_ports;
  std::vector<uint16_t> listen_ports;
  bool loopback_listener = false;  // any port, for this machine alone
  std::vector<Address> resolvers;  // name servers of /etc/resolv.conf, reachable on port 53
};

bool may_connect(const NetworkRules& rules, const Address& address);

// `nameserver` lines of a resolv.conf text, at most eight.
std::vector<Address> resolvers_of(std::string_view resolv_conf);

}  // namespace belljar
