// Which names an address was given for, and how long that holds. Filled from answers of name servers; read for each connect.
// Bounded: the table forgets what ends soonest. Pure; the clock is the caller's.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "address.hpp"

namespace belljar {

constexpr size_t name_table_addresses = 4096;
constexpr size_t name_table_names = 8;  // of one address

// An answer holds for its own time, and never for less than this: programs keep answers for a while whatever they say (Java
// for 30 seconds), and connect a moment after they asked.
constexpr int64_t answer_lifetime_least = 35'000'000'000;

struct KnownName {
  std::string name;
  int64_t until = 0;     // nanoseconds of the caller's clock
  bool of_hosts = false; // from this machine's own /etc/hosts, which no name server can change
};

class NameTable {
 public:
  void learn(const Address& address, std::string_view name, int64_t until, bool of_hosts);
  // Names that hold at `now`, the one learnt last first.
  std::vector<KnownName> names_of(const Address& address, int64_t now) const;
  size_t size() const { return names_.size(); }

 private:
  void make_room();
  std::unordered_map<std::string, std::vector<KnownName>> names_;
};

}  // namespace belljar
