// The kernel's walls: Landlock rulesets made from grants, and what this kernel offers.
//
// Two nested domains are made from the same grants. The outer one holds the supervisor: what the server may do, and the few
// things the supervisor itself needs. The inner one holds the server. An ancestor domain may look into its descendants
// (Landlock's ptrace rule), which a sibling may not, so the supervisor restricts itself before it forks.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../core/plan.hpp"
#include "descriptor.hpp"
#include "places.hpp"

namespace belljar {

// Landlock's file rights, and one of our own for attributes, which Landlock does not know.
constexpr uint64_t right_execute = 1ULL << 0, right_write_file = 1ULL << 1, right_read_file = 1ULL << 2,
                   right_read_folder = 1ULL << 3, right_remove_folder = 1ULL << 4, right_remove_file = 1ULL << 5,
                   right_make_char = 1ULL << 6, right_make_folder = 1ULL << 7, right_make_file = 1ULL << 8,
                   right_make_socket = 1ULL << 9, right_make_fifo = 1ULL << 10, right_make_block = 1ULL << 11,
                   right_make_symlink = 1ULL << 12, right_refer = 1ULL << 13, right_truncate = 1ULL << 14,
                   right_device_ioctl = 1ULL << 15, right_attributes = 1ULL << 32;

// Rights of one grant under one ABI; a file takes only those that make sense for a file.
uint64_t rights_of(Access access, bool folder, bool device, int abi);

int landlock_abi();  // 0 when there is none

struct Walls {
  Descriptor outer;  // ruleset for the supervisor
  Descriptor inner;  // ruleset for the server
};

// Fills `walls` or says which call failed. `extra_read` are places the supervisor alone reads.
bool build_walls(const std::vector<Grant>& grants, const std::vector<std::string>& sockets, int abi,
                 const std::vector<std::string>& extra_read, Walls& walls, std::string& error);

// Applies one to this thread. no_new_privs must be set. Returns an errno.
int apply_wall(int ruleset, int abi);

// Drops every capability for good. Returns an errno.
int drop_capabilities();

struct Offer {
  int landlock_abi = 0;
  bool filter = false;
  bool notify = false;
  bool addfd_send = false;
  bool sync_wake_up = false;
  bool pidfd_getfd = false;
  bool user_namespaces = false;
  bool memory_seal = false;  // memfd_create's MFD_NOEXEC_SEAL
  // How much a run may use: what is bounded at all, and what of it a control group of the run's own bounds.
  bool bound_memory = true;
  bool bound_processes = true;
  bool group_memory = false;
  bool group_processes = false;
  std::string group_missing;  // why there is none
};

// Can memory files be sealed against execution?
bool try_memory_seal();

Offer probe_kernel();

struct EnforcementReport {
  std::vector<std::string> full;
  std::vector<std::string> partial;
  std::vector<std::string> missing;
};

// `nested`: the run may make namespaces of its own.
EnforcementReport enforcement_of(const Offer& offer, Level level, bool nested);

}  // namespace belljar
