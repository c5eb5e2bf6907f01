// What supervisor and network process say to each other, over a pair of SOCK_SEQPACKET sockets: one message of fixed size at
// a time, some with descriptors. Neither believes more of the other than it must: lengths and kinds are checked, texts are cut
// at their bound, and what the network process says is never more than a name for an address or something to record.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "../core/address.hpp"
#include "../core/host-rules.hpp"
#include "packets.hpp"

namespace belljar {

struct NetworkMessage {
  enum class Kind : uint32_t {
    // Supervisor to network process. `local` is the server's socket, given as the first descriptor, which is on its way to the
    // hole (network-process.hpp).
    serve_names = 1,  // answer its queries
    carry,            // to `remote`, over the second descriptor, which is on its way there; check the name inside
    carry_by_name,    // to `name` at the port of `remote`
    seen_query,       // watch: `name` was asked for
    name_answer,      // `name` may be looked up for `seconds`, or is `refused`
    rules,            // other hosts from now on: a memory file with their lines, as the first descriptor
    finish,           // the run ends: tell what is not told yet
    // Network process to supervisor.
    learnt,           // `remote` was given for `name`, and holds for `seconds`
    made_up,          // `remote` is a made-up address for `name`
    looked_up,        // a query for `name`: `refused` or not
    ask_name,         // a query for `name`, which no rule holds, waits
    finished,         // all is told
    carried,          // a connection to `name`, `remote`: `refused` or not
    failed,           // the connection of the server's socket (the descriptor), at `local`, cannot be made; `seconds` is the error
  };
  Kind kind = Kind::serve_names;
  int32_t pid = 0;
  uint32_t seconds = 0;
  bool refused = false;
  bool flag = false;  // learnt: of /etc/hosts; carried: refused for another name; carry: the check is wanted
  Address local;
  Address remote;
  char name[host_name_max + 3] = {};

  std::string_view text() const;
  void set_text(std::string_view value);
};

// False when it could not be sent (EAGAIN in errno: the other side is behind).
bool send_message(int socket, const NetworkMessage& message, const int* descriptors, size_t count, bool wait);

// Network process: the supervisor ends the server's socket, which is on its way from `local`.
void tell_failure(int socket, const Descriptor& server, const Address& local, int error);

Received receive_message(int socket, NetworkMessage& message, Descriptor descriptors[2], bool wait);

}  // namespace belljar
