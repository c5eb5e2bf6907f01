#include "network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

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

void carry_v4(Address& address, const uint8_t* from) {
  uint8_t four[4];
  memcpy(four, from, 4);
  memset(address.bytes, 0, sizeof address.bytes);
  memcpy(address.bytes, four, 4);
  address.v4 = true;
  address.scope = 0;
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
    const uint8_t* b = out.bytes;
    bool mapped = all_zero(b, 10) && b[10] == 0xFF && b[11] == 0xFF;
    bool compatible = all_zero(b, 12) && !all_zero(b + 12, 3);
    bool nat64 = prefix(b, {0x00, 0x64, 0xFF, 0x9B}) && all_zero(b + 4, 8);
    if (mapped || compatible || nat64) carry_v4(out, b + 12);
    else if (prefix(b, {0x20, 0x02})) carry_v4(out, b + 2);
    return true;
  }
  return false;
}

AddressKind kind_of(const Address& address) {
  const uint8_t* b = address.bytes;
  if (address.v4) {
    if (all_zero(b, 4)) return AddressKind::unspecified;
    if (b[0] == 127) return AddressKind::loopback;
    if (b[0] == 169 && b[1] == 254) return b[2] == 169 && b[3] == 254 ? AddressKind::metadata : AddressKind::link_local;
    if (b[0] == 100 && b[1] == 100 && b[2] == 100 && b[3] == 200) return AddressKind::metadata;  // Alibaba Cloud
    if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0] == 192 && b[1] == 168) ||
        (b[0] == 100 && (b[1] & 0xC0) == 64)) {
      return AddressKind::private_network;
    }
    if (b[0] >= 224 && b[0] < 240) return AddressKind::multicast;
    if (b[0] == 0 || b[0] >= 240 || (b[0] == 192 && b[1] == 0 && b[2] == 0) || (b[0] == 198 && (b[1] & 0xFE) == 18)) {
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

std::string address_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.v4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
  std::string out = address.v4 ? text : "[" + std::string(text) + "]";
  return out + ":" + std::to_string(address.port);
}

bool is_own(const Address& address) {
  // Connecting a datagram socket sends nothing; the source address that the kernel picks is the destination itself when
  // the destination is this machine.
  Descriptor fd(socket(address.v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  sockaddr_storage to{};
  socklen_t size = 0;
  if (address.v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(9);
    memcpy(&in.sin_addr, address.bytes, 4);
    memcpy(&to, &in, sizeof in);
    size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(9);
    memcpy(&in.sin6_addr, address.bytes, 16);
    in.sin6_scope_id = address.scope;
    memcpy(&to, &in, sizeof in);
    size = sizeof in;
  }
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0) return false;
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&from), &from_size) != 0) return false;
  Address source;
  return read_address(from, from_size, source) && source.v4 == address.v4 && memcmp(source.bytes, address.bytes, 16) == 0;
}

bool may_connect(const NetworkRules& rules, const Address& address) {
  AddressKind kind = kind_of(address);
  if (kind == AddressKind::internet && is_own(address)) kind = AddressKind::own;
  if (kind == AddressKind::loopback || kind == AddressKind::unspecified) {
    if (std::find(rules.local_ports.begin(), rules.local_ports.end(), address.port) != rules.local_ports.end()) return true;
  }
  if (rules.network == Network::none) return false;
  if (kind == AddressKind::internet) return true;
  if (address.port != 53) return false;
  for (const Address& resolver : rules.resolvers) {
    if (resolver.v4 == address.v4 && memcmp(resolver.bytes, address.bytes, 16) == 0) return true;
  }
  return false;
}

std::vector<Address> resolvers_of(std::string_view text) {
  std::vector<Address> found;
  for (std::string_view line : split(text, '\n')) {
    constexpr std::string_view key = "nameserver";
    if (line.substr(0, key.size()) != key || found.size() >= 8) continue;
    std::string value(line.substr(key.size()));
    size_t begin = value.find_first_not_of(" \t");
    if (begin == std::string::npos || begin == 0) continue;
    size_t end = value.find_first_of(" \t\r%#;", begin);
    value = value.substr(begin, end == std::string::npos ? std::string::npos : end - begin);
    Address address;
    if (inet_pton(AF_INET, value.c_str(), address.bytes) == 1) address.v4 = true;
    else if (inet_pton(AF_INET6, value.c_str(), address.bytes) != 1) continue;
    address.port = 53;
    found.push_back(address);
  }
  return found;
}

}  // namespace belljar
