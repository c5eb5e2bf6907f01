// The supervisor's side of the network process: which names addresses were given for, the judgement of a connect, and the
// handing over of the server's sockets. Used by both of the supervisor's threads.
#pragma once
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "../core/name-table.hpp"
#include "../core/spool.hpp"
#include "descriptor.hpp"
#include "hole.hpp"
#include "network-messages.hpp"
#include "network.hpp"

namespace belljar {

class NetworkLink {
 public:
  // Without a socket there is no network process: nothing is carried.
  NetworkLink(Descriptor socket, Holes holes, const NetworkRules& rules);

  int socket() const { return socket_.get(); }

  // Takes in what the network process said; returns what of it is to be recorded. Ends connections that could not be made,
  // and while it does, others wait here. Never waits for anything else.
  std::vector<Observation> drain();

  // Call drain() first: an answer that the server has got was told here before.
  ConnectVerdict judge(const Address& address);
  // The name that an address was given for last, or nothing.
  std::string name_of(const Address& address);

  // Sends the server's socket on its way, as the verdict says (checked, by_name, resolver). `socket` is non-blocking. Returns
  // the errno of the connect, EINPROGRESS when all is well.
  // `to` is the destination as the server gave it; `local` becomes the socket's own address, by which `failure_of` knows it.
  int carry(const Descriptor& socket, int family, const ConnectVerdict& verdict, const Address& remote, const sockaddr_storage& to,
            size_t to_size, int pid, Address& local);

  // Why a connection that was carried could not be made: the server's socket, once ended, can say less. 0 when nothing is known;
  // call drain() first. Told once.
  int failure_of(const Address& local);

  // Names that wait for a person, as drain() found them; each one is answered with tell_name().
  struct AskedName {
    std::string name;
    int process = 0;
  };
  std::vector<AskedName> asked_names();
  // May the name be looked up, and carried to, for so long?
  void tell_name(const std::string& name, bool allowed, uint32_t seconds);
  // A new plan's hosts: for the network process, and in `rules`, which are those given at the start.
  void change_hosts(NetworkRules& rules, const std::vector<HostRule>& lines, HostRules hosts);

  // Watch: this name was asked for.
  void seen_query(const std::string& name);

  // At the end: has the network process told everything? Asks it the first time.
  bool finished();

  // The network process has not taken everything yet: the housekeeping thread calls catch_up() when the socket has room.
  bool behind();
  void catch_up();

 private:
  struct Unsent {
    NetworkMessage message;
    Descriptor server;
    Descriptor upstream;
  };
  bool send_or_keep(const NetworkMessage& message, int server, int upstream);
  std::string made_up_name(const Address& address) const;
  std::vector<KnownName> names_of(const Address& address);
  // False when it was read a moment ago.
  bool take_hosts_file();

  Descriptor socket_;
  Holes holes_;  // addresses, and `nobody`
  const NetworkRules& rules_;
  std::mutex mutex_;
  NameTable names_;
  std::vector<std::string> made_up_;
  std::deque<Unsent> unsent_;
  std::vector<AskedName> asked_names_;
  struct Failure {
    Address local;
    int error = 0;
  };
  std::deque<Failure> failures_;
  int64_t hosts_read_ = 0;
  bool finish_asked_ = false;
  bool finished_ = false;
};

}  // namespace belljar
