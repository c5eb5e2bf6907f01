// Carries connections of the server whose name must be checked, or that go to a name. Reads the first bytes that the server
// sends, and lets nothing of it out before the name in them is one that a rule allows for the port; then it moves bytes between
// two sockets inside the kernel (splice), with half-closed connections, resets and a slow reader on either side passed on.
//
// At the ports 443 and 80 a connection must begin with TLS or HTTP. At others it may be any protocol; TLS and HTTP are checked
// there too.
//
// Hostile: everything from both sides. Bounds: connections, first bytes, time to send them.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "event-loop.hpp"
#include "hole.hpp"
#include "network-messages.hpp"
#include "network.hpp"
#include "proxy.hpp"
#include "upstream-resolver.hpp"

namespace belljar {

constexpr size_t relays_max = 2048;
constexpr int64_t first_bytes_wait = 30'000'000'000;
constexpr int64_t connect_wait = 20'000'000'000;  // for one address, of a name
constexpr size_t proxy_answer_max = 16'384;

class Relays : public Asker {
 public:
  Relays(EventLoop& loop, UpstreamResolver& resolver, const NetworkRules& rules, const Holes& holes, const UpstreamProxy& proxy, int supervisor);
  ~Relays() override;

  // `upstream` is on its way to `remote`; `name` is what the supervisor knows of it.
  void carry(Descriptor server, Descriptor upstream, const NetworkMessage& message);
  // To `name` at the port of `remote`.
  void carry_by_name(Descriptor server, const NetworkMessage& message);
  void answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) override;
  // The run ends: connections of which nothing was told yet are told.
  void tell_all();
  // Ends what has waited too long. Returns how long the loop may wait, in milliseconds.
  int tick();

 private:
  class Relay;
  struct Pipe {
    Descriptor read;
    Descriptor write;
  };
  bool take_pipe(Pipe& pipe);
  void give_back(Pipe pipe);
  void end(Relay* relay);
  void report(const Relay& relay, const std::string& name, bool refused);

  EventLoop& loop_;
  UpstreamResolver& resolver_;
  const NetworkRules& rules_;
  const Holes& holes_;
  const UpstreamProxy& proxy_;
  NetworkRules proxy_rules_;  // the proxy alone, for the way to it; where the server's own connections go it says nothing
  int supervisor_;
  std::unordered_map<Relay*, std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<Relay>> ended_;
  std::unordered_map<uint64_t, Relay*> lookups_;
  std::vector<Pipe> pipes_;
};

}  // namespace belljar
