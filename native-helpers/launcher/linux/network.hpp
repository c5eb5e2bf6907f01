// Addresses: what they are, and whether a plan lets a server reach them. Pure but for one look at this machine's own addresses.
#pragma once
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "../core/address.hpp"
#include "../core/host-rules.hpp"
#include "../core/name-table.hpp"
#include "../core/plan.hpp"

namespace belljar {

enum class AddressKind { internet, loopback, private_network, link_local, metadata, unspecified, multicast, reserved, own };

// From a sockaddr copy; IPv4-mapped, IPv4-compatible, NAT64 and 6to4 addresses become the IPv4 address they carry.
bool read_address(const sockaddr_storage& storage, size_t size, Address& out);
// The other way round, for a socket of this family: an IPv4 address is mapped for one of IPv6. Returns the size.
socklen_t write_address(const Address& address, int family, sockaddr_storage& out);
AddressKind kind_of(const Address& address);
const char* kind_name(AddressKind kind);

// Where a public address really leads: `own` when it is one of this machine's, `private_network` when it is a neighbour on
// the same link (IPv6 gives those public addresses), else `internet`. Asks the kernel's routing table; where it gives no
// answer, `reserved`, which nobody may reach.
AddressKind route_kind(const Address& address);

// What the server takes for its name server: a connect to it is carried to the network process.
constexpr std::string_view resolver_host = "127.0.0.77";
constexpr uint16_t resolver_port = 53;
Address resolver_address();

struct NetworkRules {
  Network network = Network::none;
  std::vector<uint16_t> local_ports;
  std::vector<uint16_t> listen_ports;
  bool loopback_listener = false;  // any port, for this machine alone
  HostRules hosts;
  bool datagrams = false;
  bool asks = false;               // a name that no rule holds waits for a person
};

// What becomes of one connect.
struct ConnectVerdict {
  enum class Way {
    refuse,
    direct,    // the supervisor connects the server's socket
    checked,   // through the network process, which reads the name inside the connection first
    by_name,   // to a made-up address: the network process looks the name up and connects
    resolver,  // to the network process's name server
  };
  Way way = Way::refuse;
  std::string name;  // the host's, where it is known
  bool made_up = false;  // the address stands for this name
};

// `names` are those the address was given for; `made_up` is the name behind a made-up address, else empty.
ConnectVerdict judge_connect(const NetworkRules& rules, const Address& address, const std::vector<KnownName>& names,
                             std::string_view made_up);

}  // namespace belljar
