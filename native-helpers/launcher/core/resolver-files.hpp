// /etc/resolv.conf and /etc/hosts: read for the network process, and written anew for the server. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"

namespace belljar {

constexpr size_t resolver_file_max = 65'536;
constexpr size_t name_servers_max = 8;
constexpr size_t hosts_entries_max = 8192;

// `nameserver` lines, at most eight; port 53.
std::vector<Address> name_servers_of(std::string_view resolv_conf);

// The machine's own file with one name server, ours, asked over TCP: search list and options are kept.
std::string resolv_conf_for(std::string_view machine, const Address& name_server, bool patient);

struct HostsEntry {
  std::string name;  // lower case
  Address address;
};

std::vector<HostsEntry> entries_of_hosts(std::string_view text);

// For programs that look names up by datagram only: made-up addresses, one for each name, in 198.18.0.0/15, which is
// never routed (RFC 2544). A connect to one is carried to the name.
constexpr size_t made_up_addresses_max = 8192;
Address made_up_address(size_t index);
bool made_up_index(const Address& address, size_t& index);

// The machine's own file, and a line for each name that it does not hold.
std::string hosts_file_for(std::string_view machine, const std::vector<std::string>& names);

}  // namespace belljar
