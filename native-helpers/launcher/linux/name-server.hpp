// The name server that a contained server sees: DNS over the TCP connections that the supervisor carries to the network
// process. A name that no rule holds is answered here as not existing and never leaves the machine; for others the machine's
// own name servers are asked, the supervisor is told which addresses came, and only then the answer is given.
//
// Hostile: every byte of a query. Bounds: connections, questions on their way, sizes; and, so that names under an allowed
// suffix are no channel, how many different ones may be asked for in a minute and how long they are.
#pragma once
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "../core/dns-message.hpp"
#include "event-loop.hpp"
#include "hole.hpp"
#include "network-messages.hpp"
#include "network.hpp"
#include "upstream-resolver.hpp"

namespace belljar {

constexpr size_t name_clients_max = 1024;
constexpr size_t questions_max = 2048;             // of all connections together
constexpr size_t questions_of_client_max = 1024;
constexpr double names_a_minute_hosts = 100;       // different names below `*.` rules
constexpr double names_a_minute_open = 1000;       // different names when the network is open
constexpr size_t name_below_max = 100;             // bytes before the suffix of a `*.` rule
constexpr size_t names_remembered = 8192;
constexpr size_t names_asked_max = 16;             // names that wait for a person at the same time
constexpr size_t queries_asked_max = 16;           // queries for one of them
constexpr size_t names_permitted_max = 256;
constexpr size_t names_refused_max = 16;           // lately, whose longer forms are not asked for

// How many different names may be asked for. Names asked for before cost nothing.
class NameBudget {
 public:
  explicit NameBudget(double a_minute) : a_minute_(a_minute), left_(a_minute) {}
  bool take(const std::string& name, int64_t now);

 private:
  double a_minute_;
  double left_;
  int64_t filled_ = 0;
  std::unordered_set<std::string> known_;
};

class NameServer : public Asker {
 public:
  NameServer(EventLoop& loop, UpstreamResolver& resolver, NetworkRules& rules, const Holes& holes, int supervisor, bool by_proxy)
      : loop_(loop), resolver_(resolver), rules_(rules), holes_(holes), supervisor_(supervisor), by_proxy_(by_proxy),
        budget_(rules.network == Network::open ? names_a_minute_open : names_a_minute_hosts) {}
  ~NameServer() override;

  // Takes over a connection of the server's that is on its way to the hole.
  void serve(Descriptor server, const Address& local, int pid);
  void answered(uint64_t lookup, const DnsAnswer& answer, bool of_hosts) override;

  // A person said whether the name may be looked up, and for how many seconds.
  void name_answer(const std::string& name, bool allowed, uint32_t seconds);
  // What was allowed for a while and is over is taken back.
  void expire();

  // For names behind made-up addresses: those of the plan come first.
  void made_up(std::vector<std::string> names);

 private:
  class Client;
  struct Question {
    uint64_t client;
    int pid;
    DnsQuery query;
  };
  struct Permit {
    std::string name;
    int64_t until;
  };
  bool ask_for(uint64_t client, int pid, const DnsQuery& query);
  void handle(Client& client, std::string_view bytes);
  void decide(uint64_t client, int pid, DnsQuery query, bool may_ask);
  void reply(uint64_t client, const DnsQuery& query, const DnsAnswer& answer);
  void report(int pid, const std::string& name, bool refused);
  void learnt(const std::string& name, const DnsAddress& address, bool of_hosts);
  Address made_up_for(const std::string& name);
  void close_client(uint64_t id);

  EventLoop& loop_;
  UpstreamResolver& resolver_;
  NetworkRules& rules_;
  const Holes& holes_;
  int supervisor_;
  bool by_proxy_;
  NameBudget budget_;
  uint64_t next_client_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<Watched>> clients_;
  std::unordered_map<uint64_t, Question> questions_;
  std::unordered_map<std::string, size_t> made_up_;
  std::unordered_map<std::string, std::vector<Question>> asked_;
  std::vector<Permit> permits_;
  std::vector<std::string> refused_;
};

}  // namespace belljar
