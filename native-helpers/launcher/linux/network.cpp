#include "network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "../core/text.hpp"
#include "descriptor.hpp"

namespace belljar {

namespace {

bool prefix(const uint8_t* bytes, std::initializer_list<uint8_t> start) {
  return std::equal(start.begin(), start.end(), bytes);
}

bool all_zero(const uint8_t* bytes, size_t size) {
  return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
}

}  // namespace

bool read_address(const sockaddr_storage& storage, size_t size, Address& out) {
  out = Address{};
  if (storage.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    memcpy(&in, &storage, sizeof in);
    out.v4 = true;
    memcpy(out.bytes, &in.sin_addr, 4);
    out.port = ntohs(in.sin_port);
    return true;
  }
  // The kernel accepts 24 bytes (RFC 2133, without a scope) and more.
  if (storage.ss_family == AF_INET6 && size >= 24) {
    sockaddr_in6 in{};
    memcpy(&in, &storage, std::min(size, sizeof in));
    memcpy(out.bytes, &in.sin6_addr, 16);
    out.port = ntohs(in.sin6_port);
    out.scope = in.sin6_scope_id;
    take_apart(out);
    return true;
  }
  return false;
}

socklen_t write_address(const Address& address, int family, sockaddr_storage& out) {
  out = sockaddr_storage{};
  if (family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    memcpy(&in.sin_addr, address.bytes, 4);
    memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(address.port);
  in.sin6_scope_id = address.scope;
  if (address.v4) {
    in.sin6_addr.s6_addr[10] = in.sin6_addr.s6_addr[11] = 0xFF;
    memcpy(in.sin6_addr.s6_addr + 12, address.bytes, 4);
  } else {
    memcpy(&in.sin6_addr, address.bytes, 16);
  }
  memcpy(&out, &in, sizeof in);
  return sizeof in;
}

AddressKind kind_of(const Address& address) {
  const uint8_t* b = address.bytes;
  if (address.v4) {
    if (all_zero(b, 4)) return AddressKind::unspecified;
    if (b[0] == 127) return AddressKind::loopback;
    if (b[0] == 169 && b[1] == 254) return b[2] == 169 && b[3] == 254 ? AddressKind::metadata : AddressKind::link_local;
    if (b[0] == 100 && b[1] == 100 && b[2] == 100 && b[3] == 200) return AddressKind::metadata;  // Alibaba Cloud
    if (b[0] == 168 && b[1] == 63 && b[2] == 129 && b[3] == 16) return AddressKind::metadata;    // Azure's wire server
    if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0] == 192 && b[1] == 168) ||
        (b[0] == 100 && (b[1] & 0xC0) == 64)) {
      return AddressKind::private_network;
    }
    if (b[0] >= 224 && b[0] < 240) return AddressKind::multicast;
    if (b[0] == 0 || b[0] >= 240 || (b[0] == 192 && b[1] == 0 && b[2] == 0) || (b[0] == 198 && (b[1] & 0xFE) == 18) ||
        (b[0] == 192 && b[1] == 0 && b[2] == 2) || (b[0] == 198 && b[1] == 51 && b[2] == 100) ||
        (b[0] == 203 && b[1] == 0 && b[2] == 113) || (b[0] == 192 && b[1] == 88 && b[2] == 99)) {
      return AddressKind::reserved;
    }
    return AddressKind::internet;
  }
  if (all_zero(b, 16)) return AddressKind::unspecified;
  if (all_zero(b, 15) && b[15] == 1) return AddressKind::loopback;
  if (b[0] == 0xFE && (b[1] & 0xC0) == 0x80) return AddressKind::link_local;
  if (b[0] == 0xFE && (b[1] & 0xC0) == 0xC0) return AddressKind::private_network;
  if (prefix(b, {0xFD, 0x00, 0x0E, 0xC2})) return AddressKind::metadata;  // fd00:ec2::254 and its neighbours
  if ((b[0] & 0xFE) == 0xFC) return AddressKind::private_network;
  if (b[0] == 0xFF) return AddressKind::multicast;
  // Global unicast is 2000::/3; all else (NAT64 prefixes of local use, discard, documentation) is not the internet.
  if ((b[0] & 0xE0) != 0x20 || prefix(b, {0x20, 0x01, 0x00, 0x00})) return AddressKind::reserved;
  return AddressKind::internet;
}

const char* kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::internet:
      return "internet";
    case AddressKind::loopback:
      return "loopback";
    case AddressKind::private_network:
      return "private";
    case AddressKind::link_local:
      return "link-local";
    case AddressKind::metadata:
      return "metadata";
    case AddressKind::unspecified:
      return "unspecified";
    case AddressKind::multicast:
      return "multicast";
    case AddressKind::reserved:
      return "reserved";
    case AddressKind::own:
      return "own";
  }
  return "reserved";
}

namespace {

// A route that covers more than this many leading bits and has no gateway is a link's own network; shorter ones are how
// tunnels without a gateway say "everything".
constexpr int link_prefix_v4 = 8;
constexpr int link_prefix_v6 = 16;

bool is_broadcast_link(int interface) {
  // Only links with neighbours count: what a tunnel leads to is as far away as the internet.
  ifreq request{};
  request.ifr_ifindex = interface;
  Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ioctl(fd.get(), SIOCGIFNAME, &request) != 0) return true;
  if (ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return true;
  return (request.ifr_flags & IFF_BROADCAST) != 0;
}

}  // namespace

AddressKind route_kind(const Address& address) {
  Descriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return AddressKind::reserved;
  struct {
    nlmsghdr header;
    rtmsg route;
    char attributes[64];
  } request{};
  uint8_t length = address.v4 ? 4 : 16;
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.route.rtm_family = address.v4 ? AF_INET : AF_INET6;
  request.route.rtm_dst_len = static_cast<uint8_t>(length * 8);
  request.route.rtm_flags = RTM_F_FIB_MATCH;  // the table's own entry, with its prefix length (Linux 4.13)
  rtattr* destination = reinterpret_cast<rtattr*>(request.attributes);
  destination->rta_type = RTA_DST;
  destination->rta_len = static_cast<unsigned short>(RTA_LENGTH(length));
  memcpy(RTA_DATA(destination), address.bytes, length);
  request.header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + RTA_ALIGN(destination->rta_len));
  if (send(fd.get(), &request, request.header.nlmsg_len, 0) < 0) return AddressKind::reserved;
  alignas(nlmsghdr) char answer[8192];
  ssize_t n = recv(fd.get(), answer, sizeof answer, MSG_DONTWAIT);
  const nlmsghdr* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (n < 0 || !NLMSG_OK(header, static_cast<size_t>(n))) return AddressKind::reserved;
  if (header->nlmsg_type == NLMSG_ERROR) {
    // No route: the connect itself will say so, and nothing is reached.
    int code = -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
    bool nowhere = code == ENETUNREACH || code == EHOSTUNREACH || code == ESRCH;
    return nowhere ? AddressKind::internet : AddressKind::reserved;
  }
  if (header->nlmsg_type != RTM_NEWROUTE) return AddressKind::reserved;
  const rtmsg* route = static_cast<const rtmsg*>(NLMSG_DATA(header));
  if (route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_ANYCAST) return AddressKind::own;
  if (route->rtm_type == RTN_BROADCAST || route->rtm_type == RTN_MULTICAST) return AddressKind::multicast;
  bool gateway = false;
  int interface = 0;
  int left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof(rtmsg)));
  for (const rtattr* one = RTM_RTA(route); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
    if (one->rta_type == RTA_GATEWAY || one->rta_type == RTA_VIA || one->rta_type == RTA_MULTIPATH || one->rta_type == RTA_ENCAP) gateway = true;
    if (one->rta_type == RTA_OIF && one->rta_len >= RTA_LENGTH(sizeof interface)) memcpy(&interface, RTA_DATA(one), sizeof interface);
  }
  bool link = !gateway && route->rtm_dst_len >= (address.v4 ? link_prefix_v4 : link_prefix_v6);
  return link && is_broadcast_link(interface) ? AddressKind::private_network : AddressKind::internet;
}

Address resolver_address() {
  Address address;
  parse_address(resolver_host, address);
  address.port = resolver_port;
  return address;
}

ConnectVerdict judge_connect(const NetworkRules& rules, const Address& address, const std::vector<KnownName>& names,
                             std::string_view made_up) {
  using Way = ConnectVerdict::Way;
  if (!made_up.empty()) {
    bool allowed = rules.network == Network::hosts && rules.hosts.name_at(made_up, address.port).allowed;
    return {allowed ? Way::by_name : Way::refuse, std::string(made_up), true};
  }
  ConnectVerdict verdict{Way::refuse, names.empty() ? std::string() : names[0].name, false};
  AddressKind kind = kind_of(address);
  bool here = kind == AddressKind::loopback || kind == AddressKind::unspecified;
  if (here && std::find(rules.local_ports.begin(), rules.local_ports.end(), address.port) != rules.local_ports.end()) {
    verdict.way = Way::direct;
    return verdict;
  }
  if (rules.network == Network::none) return verdict;
  if (address.port == resolver_port && same_host(address, resolver_address())) return {Way::resolver, {}, false};
  if (kind == AddressKind::internet) kind = route_kind(address);
  bool internet = kind == AddressKind::internet;
  if (rules.hosts.names_address(address, internet) || (internet && rules.network == Network::open)) {
    verdict.way = Way::direct;
    return verdict;
  }
  // A name server must not be able to lead a server to this machine, its network or a metadata service by giving such an
  // address for an allowed name. What the machine's own settings say is believed: they are not a stranger's.
  bool near = kind == AddressKind::loopback || kind == AddressKind::private_network || kind == AddressKind::own;
  for (const KnownName& known : names) {
    HostRules::NameMatch match = rules.hosts.name_at(known.name, address.port);
    bool believed = internet || (near && (match.own || (match.exact && known.of_hosts)));
    if (!match.allowed || !believed) continue;
    if (verdict.way == Way::refuse) verdict = {match.checked ? Way::checked : Way::direct, known.name, false};
    else if (!match.checked) verdict = {Way::direct, known.name, false};
  }
  return verdict;
}

}  // namespace belljar
