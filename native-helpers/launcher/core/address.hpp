// An internet address, as rules and decisions use it: IPv4 and IPv6, with the forms that carry IPv4 inside IPv6 taken apart.
// No I/O.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace belljar {

struct Address {
  bool v4 = false;
  uint8_t bytes[16] = {};  // v4 in the first four
  uint16_t port = 0;
  uint32_t scope = 0;
};

// IPv4-mapped, IPv4-compatible, NAT64 and 6to4 addresses become the IPv4 address they carry.
void take_apart(Address& address);

// `1.2.3.4`, `2606:4700::1`; no port, no brackets, no scope. Taken apart as above.
bool parse_address(std::string_view text, Address& out);

bool same_host(const Address& one, const Address& other);

// `1.2.3.4` or `2606:4700::1`; with the port `1.2.3.4:80` or `[2606:4700::1]:80`.
std::string host_text(const Address& address);
std::string address_text(const Address& address);

}  // namespace belljar
