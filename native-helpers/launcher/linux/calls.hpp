// The table of system calls that the filter stops, each with what the supervisor does about it and why; and the seccomp
// program made from it. Everything that is not named here is allowed, except calls newer than this program (ENOSYS).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel.hpp"

namespace belljar {

// What the supervisor does with a notified call.
enum class Action {
  // Observed: Landlock decides; the supervisor predicts its answer, records it, and lets the call go on.
  open,
  openat,
  openat2,
  creat,
  exec,
  execat,
  make_folder,
  make_folder_at,
  remove_folder,
  remove,
  remove_at,
  rename,
  rename_at,
  link,
  link_at,
  make_link,
  make_link_at,
  make_node,
  make_node_at,
  // Brokered: the supervisor decides on its own copy and makes the call itself.
  truncate,
  chmod,
  chmod_fd,
  chmod_at,
  chown,
  chown_link,
  chown_fd,
  chown_at,
  utime,
  utimes,
  utimes_at,
  utimens_at,
  set_attribute,
  set_attribute_link,
  set_attribute_fd,
  remove_attribute,
  remove_attribute_link,
  remove_attribute_fd,
  watch,
  bind,            // observed
  memory_file,
  connect,
  listen,
  send_to,
  send_message,
  socket_error,    // observed: waits for what is being done to the server's sockets
  write,           // watch: a look-up may be written so; Ask: the server's answers
  // Decided from registers alone, which nobody can change after the call was stopped.
  signal_process,
  signal_thread,
  signal_pidfd,
  copy_output,     // arg 0 is copied
  other_process,   // first argument names a process; 0 is the caller
  priority,
  socket,
  shm_get,
  shm_use,
  owner,           // fcntl F_SETOWN: arg 2 names who gets signals
  new_namespace,   // clone, unshare: arg 0 holds CLONE_NEW* flags; where processes are counted here, every clone
  new_process,     // fork, vfork
  affinity,        // what sees or inherits it, where answers borrow it
  interface_command,  // ioctl with nested-sandbox: arg 1 is the command
  change_root,
  // Refused always.
  refuse,
};

// MSG_FASTOPEN connects without connect(). MSG_OOB is of no use to a server, and what the kernel does with it on Unix sockets
// was a way into the kernel (CVE-2025-38236), so it stays out of reach.
constexpr uint32_t refused_send_flags = 0x20000000 | 1;

// When the filter stops the call; otherwise it is allowed.
enum class When {
  always,
  silent,               // refused by the filter itself, no event: libraries probe it all the time and fall back
  new_namespace,        // arg 0 holds CLONE_NEW* flags
  socket_kind,          // arg 0..2 are not an ordinary stream, Unix stream or route-netlink socket
  socket_not_unix,      // arg 0..1 are not an ordinary Unix socket
  socket_or_datagram,   // as socket_kind, but internet datagrams over plain UDP are ordinary too
  socketpair_kind,
  destination,          // arg 4 (sendto's address) is given, or flags that are refused
  send_flags_2,         // flags in arg 2 that are refused
  send_flags_3,         // flags in arg 3 that are refused
  socket_error,         // getsockopt SO_ERROR
  socket_option,        // setsockopt: TCP_FASTOPEN_CONNECT and kin, source routes, protocols above TCP
  output,               // arg 0 is the first output, or the number that its copy gets: a run that may ask waits for its first answer there
  output_copy,          // arg 0 is the first output
  set_id_1,             // arg 1 is the mode of something that is made, and says that it runs as its owner
  set_id_2,             // the same of arg 2
  open_flags_1,         // arg 1 are flags of an open that Landlock does not decide; or arg 2 is the mode of something set-id
  open_flags_2,         // the same of args 2 and 3
  short_message,        // watch: arg 2 is a length that a look-up may have
  device_command,       // ioctl: typing into terminals, owners of signals, attributes of files
  any_device_command,   // as device_command, and what sets network interfaces up
  set_owner_or_copy,    // as set_owner, and copies of the first output
  set_owner,            // fcntl F_SETOWN, F_SETOWN_EX, leases, folder notices
  pid_given_0,          // arg 0 is not 0
  pid_given_1,          // arg 1 is not 0
  core_limit,           // setrlimit: that of core files does nothing and succeeds
  limit_of_other,       // prlimit64: as core_limit, also for others; arg 0 is not 0
  priority_target,      // setpriority: somebody else, or a whole user
  personality_change,   // anything but asking and the plain one
  process_control,      // prctl: PR_SCHED_CORE; PR_SET_DUMPABLE 0 does nothing and succeeds
};

// Where a copy of the first output is put that a server makes before it has answered its client (Python's SDK does): by its number
// the filter knows it. High enough to be free, low enough for the usual limit of descriptors.
constexpr uint32_t output_copy_number = 1000;

struct CallRule {
  int nr;
  const char* name;
  Action action;
  When when;
  int error;          // errno for Action::refuse and When::silent
  const char* reason;
};

// `nested`: with the permission nested-sandbox, under which the run may make namespaces of its own.
const std::vector<CallRule>& contained_calls(bool nested);
const std::vector<CallRule>& watched_calls();

// The table of one run. `datagrams`: with that permission, under which everything that can name a destination is stopped.
// What of a run decides which calls are stopped.
struct RunKind {
  bool contained = false;
  bool datagrams = false;
  bool nested = false;
  bool counted = false;  // no control group bounds its processes, so each new one is stopped
  bool asks = false;     // a refused access may wait for a person once the server has answered its client
  bool borrows = false;  // answers borrow the affinity of threads, so what would see or inherit it waits until it is given back
  bool files_unseen = false;  // Landlock alone decides over calls on files
  bool relayed = false;  // connections may be carried, and end in two steps that no look at the socket may come between
};
std::vector<CallRule> calls_for(const RunKind& run);

// The seccomp program for one of the two tables.
std::vector<sock_filter> make_filter(const std::vector<CallRule>& rules, bool contained);

// What the supervisor may still ask of the kernel once it serves; anything else ends it. Who took it over can start nothing, run no code
// of his own (no memory is made executable), and change no view of the system.
std::vector<sock_filter> make_supervisor_filter();

// What the guardian forbids itself once the run goes on, on pain of death: it opens what a person allows, wherever that lies, and
// starts openers, so it keeps more than the others; but it executes nothing and looks into nobody.
std::vector<sock_filter> make_guardian_filter();

// The namespaces that a browser's own sandbox is made of, and nothing else: `flags` of clone or unshare.
bool is_sandbox_namespace(int nr, uint64_t flags);
// `clone CLONE_NEWUSER|CLONE_NEWPID`, for events.
std::string namespace_text(const char* call, uint64_t flags);

// Unix and TCP streams, Unix packets, the kernel's own answers about routes, and UDP with the permission for it.
bool is_ordinary_socket(int family, int type, int protocol, bool datagrams);

// Commands of network interfaces, bridges, tunnels and wireless; not those that name who gets signals.
bool is_interface_command(uint32_t command);

const CallRule* rule_for(const std::vector<CallRule>& rules, int nr);

}  // namespace belljar
