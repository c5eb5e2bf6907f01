#include "address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace belljar {

namespace {

bool zero(const uint8_t* bytes, size_t size) {
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

void take_apart(Address& address) {
  if (address.v4) return;
  const uint8_t* b = address.bytes;
  bool mapped = zero(b, 10) && b[10] == 0xFF && b[11] == 0xFF;
  bool compatible = zero(b, 12) && !zero(b + 12, 3);
  bool nat64 = b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xFF && b[3] == 0x9B && zero(b + 4, 8);
  if (mapped || compatible || nat64) carry_v4(address, b + 12);
  else if (b[0] == 0x20 && b[1] == 0x02) carry_v4(address, b + 2);
}

bool parse_address(std::string_view text, Address& out) {
  out = Address{};
  char copy[64];
  if (text.empty() || text.size() >= sizeof copy) return false;
  memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  if (inet_pton(AF_INET, copy, out.bytes) == 1) {
    out.v4 = true;
    return true;
  }
  if (inet_pton(AF_INET6, copy, out.bytes) != 1) return false;
  take_apart(out);
  return true;
}

bool same_host(const Address& one, const Address& other) {
  return one.v4 == other.v4 && memcmp(one.bytes, other.bytes, sizeof one.bytes) == 0;
}

std::string host_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.v4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
  return text;
}

std::string address_text(const Address& address) {
  std::string host = host_text(address);
  return (address.v4 ? host : "[" + host + "]") + ":" + std::to_string(address.port);
}

}  // namespace belljar
