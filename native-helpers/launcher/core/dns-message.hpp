// DNS messages (RFC 1035, SVCB and HTTPS of RFC 9460): queries of a contained program read, upstream queries and answers
// made, answers of a name server read and built anew from what was understood. Hostile bytes on both sides: bounded, no
// recursion, a compression pointer leads strictly backwards, and nothing that was not understood is passed on.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"

namespace belljar {

constexpr size_t dns_query_max = 1024;
constexpr size_t dns_message_max = 65'535;
constexpr size_t dns_records_max = 256;
constexpr int dns_chain_max = 16;
constexpr uint32_t dns_ttl_max = 86'400;

namespace dns_type {
constexpr uint16_t a = 1, ns = 2, cname = 5, soa = 6, ptr = 12, mx = 15, txt = 16, aaaa = 28, srv = 33, opt = 41, svcb = 64,
                   https = 65, any = 255, caa = 257;
}
namespace dns_code {
constexpr int no_error = 0, format = 1, server_failure = 2, no_such_name = 3, not_implemented = 4, refused = 5;
}

struct DnsQuery {
  uint16_t id = 0;
  bool recursion = false;
  bool extended = false;  // it holds an OPT record, so the answer does
  uint16_t type = 0;
  bool plain = true;      // labels of letters, digits, `-` and `_` only
  std::string name;       // lower case, no final dot, empty for the root; a byte that no name has stands as `\DDD`
  std::string question;   // the question as it was asked, byte for byte
};

// One question of class IN, no answers, at most an OPT record besides. The rest is refused as malformed.
bool parse_dns_query(std::string_view bytes, DnsQuery& out);

// `name` as DnsQuery holds it (plain).
std::string build_dns_query(uint16_t id, std::string_view name, uint16_t type);

struct DnsAddress {
  Address address;
  uint32_t ttl = 0;
};

struct DnsAnswer {
  int code = dns_code::no_error;
  bool truncated = false;
  uint16_t count = 0;
  std::string records;                // wire form, no compression
  std::vector<DnsAddress> addresses;  // of A, AAAA and, where they are kept, hints
};

// Reads an answer to (id, name, type). `bare` leaves out of SVCB and HTTPS records what would lead past a check of names: other
// target names, encrypted client hello, address hints; and addresses that are made up here for names of the plan
// (resolver-files.hpp), which from outside would lead to another name. False when it is no answer to this question.
bool parse_dns_answer(std::string_view bytes, uint16_t id, std::string_view name, uint16_t type, bool bare, DnsAnswer& out);

// An answer of our own making, for addresses that do not come from a name server.
DnsAnswer make_dns_answer(std::string_view name, uint16_t type, const std::vector<Address>& addresses, uint32_t ttl);

std::string build_dns_answer(const DnsQuery& query, const DnsAnswer& answer);

}  // namespace belljar
