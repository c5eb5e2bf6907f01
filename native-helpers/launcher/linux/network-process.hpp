// The network process: one for each run whose server may look names up, beside the supervisor and not below it, so that it
// belongs to no part of the run. It answers name look-ups and carries connections whose name is checked; what a connect may
// reach is decided by the supervisor alone. It confines itself before it reads a byte that a stranger sent: it can read the
// machine's resolver files, make internet sockets, and nothing else.
#pragma once
#include "../core/plan.hpp"
#include "descriptor.hpp"
#include "hole.hpp"
#include "network.hpp"
#include "proxy.hpp"

namespace belljar {

struct NetworkProcess {
  Holes holes;
  Descriptor supervisor_end;
  Descriptor own_end;
  NetworkRules rules;
  UpstreamProxy proxy;
  bool watch = false;
  int landlock_abi = 0;
};

// Everything that both sides must have before they part. False and the call that failed in `error`.
bool prepare_network_process(NetworkProcess& process, std::string& error);

// In the process itself, after the fork; ends when the supervisor does.
[[noreturn]] void run_network_process(NetworkProcess& process);

}  // namespace belljar
