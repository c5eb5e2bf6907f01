// Looks names up for the network process: in the machine's own /etc/hosts first, then at the name servers of its own
// /etc/resolv.conf, which are read again when those files change (a VPN comes and goes). Datagrams first, TCP where an
// answer is cut; a socket and a number of its own for every question, so that a lying neighbour must guess both.
//
// Hostile: everything a name server sends. Bounded: questions on their way and waiting, time, size.
#pragma once
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../core/dns-message.hpp"
#include "../core/resolver-files.hpp"
#include "event-loop.hpp"

namespace belljar {

constexpr size_t lookups_at_once = 256;
constexpr size_t lookups_waiting_max = 4096;
constexpr int64_t first_round_wait = 1'500'000'000;
constexpr int64_t second_round_wait = 3'000'000'000;
constexpr size_t servers_asked_max = 3;

class Asker {
 public:
  virtual ~Asker() = default;
  // `of_hosts`: the answer stands in /etc/hosts.
  virtual void answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) = 0;
};

class UpstreamResolver {
 public:
  UpstreamResolver(EventLoop& loop, bool bare) : loop_(loop), bare_(bare) {}
  ~UpstreamResolver();

  // The answer comes later, never from within this call. 0 when there is no room. `name` is valid and plain.
  uint64_t ask(Asker* asker, std::string_view name, uint16_t type);
  void forget(uint64_t lookup);

  // Moves on what has waited long enough; called often. Returns how long the loop may wait, in milliseconds.
  int tick();
  bool has_ready() const { return !ready_.empty(); }

 private:
  class Lookup;
  struct Stamp {
    dev_t dev = 0;
    ino_t ino = 0;
    off_t size = -1;
    timespec changed{};
  };
  bool from_own_files(std::string_view name, uint16_t type, DnsAnswer& out);
  void refresh();
  void finish(uint64_t id, const DnsAnswer& answer);
  void start_waiting();
  static bool changed(const char* path, Stamp& stamp);

  EventLoop& loop_;
  bool bare_;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<Watched>> active_;
  struct Waiting {
    uint64_t id;
    Asker* asker;
    std::string name;
    uint16_t type;
  };
  std::deque<Waiting> waiting_;
  struct Ready {
    uint64_t id;
    Asker* asker;
    DnsAnswer answer;
    bool of_hosts;
  };
  std::deque<Ready> ready_;
  std::vector<Address> servers_;
  std::vector<HostsEntry> hosts_;
  Stamp resolv_stamp_;
  Stamp hosts_stamp_;
  int64_t refreshed_ = 0;
};

// A whole file of at most `resolver_file_max` bytes; what is longer is cut. Empty when it cannot be read.
std::string read_resolver_file(const char* path);

}  // namespace belljar
