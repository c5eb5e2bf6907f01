// The supervisor: answers the calls that the filter stops.
//
// One thread receives and answers (two are slower); a second one keeps house: finishes blocking connects, flushes events,
// passes signals on, waits for the server. They share the spool (locked) and the list of pending connects (locked).
//
// Trust: everything in a notification except id, pid and registers' values is the server's. A decision that ends in
// "continue" is an observation only; whatever must be enforced here is done by the supervisor on its own copy, refused, or
// decided from registers.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <sys/un.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "../core/area-rules.hpp"
#include "../core/plan.hpp"
#include "../core/spool.hpp"
#include "ask-wire.hpp"
#include "area-work.hpp"
#include "calls.hpp"
#include "kernel-records.hpp"
#include "link-wire.hpp"
#include "network-link.hpp"
#include "network.hpp"
#include "places.hpp"
#include "resources.hpp"
#include "target.hpp"
#include "wake-up.hpp"
#include "walls.hpp"

namespace belljar {

struct Settings {
  bool contained = true;
  bool record_all = false;
  bool nested_sandbox = false;       // the run may make namespaces of its own
  bool sync_wake_up = false;
  bool borrows = false;              // answers borrow the affinity of threads (wake-up.hpp)
  bool files_unseen = false;         // no call on files comes here (record without-files)
  KernelRecords records;             // what tells of those that Landlock refused; or nobody
  int guardian = 0;
  int landlock_abi = 0;
  bool memory_files = true;          // where the kernel cannot seal them against execution, strict allows none
  Patterns patterns;                 // what is refused in areas
  NetworkRules network;
  Descriptor network_process;        // the socket to it; none where nothing is looked up or carried
  Holes holes;                       // where the server's sockets are sent on their way to it: the addresses alone, and `nobody`
  std::vector<std::string> sockets;  // what may be connected to: real paths, and abstract names after an @
  std::string private_tmp;           // the run's own temporary folder
  std::string private_shm;           // the run's own folder of /dev/shm; empty when there is none
  Descriptor link_door;              // the guardian's socket for links (O_PATH); none where no link may be asked for
  Descriptor link_notes;             // what it tells of them
  uint64_t processes = 0;            // how many the run may have, where they are counted here; 0: the kernel counts, or nobody
  bool asks = false;                 // a refused access may wait for a person
  Descriptor ask_channel;            // to the guardian, who asks for us
  uint64_t output_device = 0;        // the client's pipe: what the server answers goes there
  uint64_t output_inode = 0;
  Descriptor plan_changes;           // from the guardian, of new plans
  Descriptor setting_door;           // to the guardian, who opens settings of the run's processes
  int server = 0;                    // its first process, and that one's program
  std::string program;
  bool resolver = false;             // names are looked up through us: /etc/resolv.conf and /etc/hosts are served
};

class Supervisor {
 public:
  Supervisor(Settings settings, std::vector<Grant> grants, Spool& spool, int listener);

  // Never returns: the housekeeping thread ends the process.
  [[noreturn]] void serve();
  // One call, as serve() takes it from the listener.
  void serve_call(const seccomp_notif& request);

  // Called by the housekeeping thread: finishes connects that were in progress. Returns how many are still pending.
  size_t poll_pending(int timeout_ms, int signals);

  // At the end of a run: takes in what the network process still has to say, and waits a moment for names that are missing.
  void finish_network();

  // Waits a moment for what the guardian still has to say of links, once nothing of the server is left.
  void finish_links();

  // The same of the kernel's records, which come when a call is long over.
  void finish_records();

  // Nothing waits for a person any longer: the run is told to end.
  void refuse_waiting();
  // New plans that came meanwhile: said, and ready for the serving thread.
  void take_in_plans();

  // Removes what was made outside the run's folders (System V segments).
  void clean_up();

  bool in_run(int process) const;

  // A bound of the run was met: `target` is its name. `by`: who held it.
  void record_limit(const char* target, uint64_t times, int process, const char* by, const char* error = nullptr);

 private:
  struct Answer {
    bool go_on = true;       // let the kernel make the call
    int error = 0;           // positive errno, when not
    int64_t value = 0;       // result, when not and no error
    bool deferred = false;   // answered later, or already
  };
  struct PendingConnect {
    uint64_t id;
    Descriptor socket;
    int flags;
    Address local;  // of one that the network process carries
  };
  // A sendmsg that a blocking socket had no room for (datagrams.cpp).
  struct PendingSend {
    uint64_t id;
    Descriptor socket;
    std::string bytes;
    std::string control;
    std::vector<Descriptor> passed;  // the descriptors that `control` names
    int flags;
  };
  // A refused access that waits for a person (ask-broker.cpp).
  struct HeldCall {
    uint32_t number = 0;
    uint64_t id = 0;      // of the notification; 0: a look-up that the network process keeps
    int process = 0;
    int64_t deadline = 0;
    AskKind kind = AskKind::read;
    const char* event = "";
    std::string target;   // as events name it
    std::string address;
    bool close_on_exec = false;
    Descriptor socket;
    Descriptor object;    // the socket file
    int domain = 0;
    Address where;
    ConnectVerdict verdict;
    sockaddr_storage storage{};
    size_t size = 0;
  };
  // An open in an area that waits for somebody: the other end of a FIFO, a lease on a file (areas.cpp).
  struct PendingOpen {
    uint64_t id;
    Descriptor object;  // O_PATH
    Descriptor held;    // the reading end, once it is open
    uint64_t flags;
    uint64_t dev;
    uint64_t ino;
    bool met;           // the other end was opened by the run itself
    int thread;
    bool signal_seen = false;
  };
  // What a new plan changes; taken up by the serving thread before it decides over its next call.
  struct NewRules {
    AreaRules areas;
    Plan plan;
    HostRules hosts;
    std::vector<std::string> sockets;
    Descriptor opener;
  };
  struct FolderFact {
    std::string path;
    uint64_t rights = 0;
    int64_t checked = 0;
    bool stable = false;
    unsigned asked = 0;      // names looked at one by one
    bool no_links = false;   // the whole folder was, and holds no symlink
  };
  struct FileFact {
    std::string path;
    int64_t checked = 0;
  };

  Answer decide(const seccomp_notif& request, Target& target);
  Answer refuse(Target& target, const char* kind, std::string text, int error);
  void record(Target& target, const char* kind, std::string text, bool refused, int error, const char* by);
  void record_of(int process, const char* kind, std::string text, bool refused, int error, const char* by);

  Answer unreadable(Target& target, const char* kind, int error);

  // Files.
  bool leaves_its_bounds(Target& target, int at, const std::string& path, uint64_t resolve, bool follow);
  Answer open_shortened(Target& target, const Resolved& found, uint64_t flags);
  Answer observe_open(Target& target, int at, uint64_t path, uint64_t flags, uint64_t mode, uint64_t resolve);
  Answer observe_exec(Target& target, int at, uint64_t path, uint64_t flags);
  // `call`: what is made, for an area; `leads_to`: where the text of a new link is.
  Answer observe_make(Target& target, int at, uint64_t path, uint64_t right, AreaCall call, uint64_t leads_to = 0);
  Answer observe_remove(Target& target, int at, uint64_t path, bool folder);
  Answer observe_rename(Target& target, int from_at, uint64_t from, int to_at, uint64_t to, uint64_t flags);
  Answer observe_link(Target& target, int from_at, uint64_t from, int to_at, uint64_t to, uint64_t flags);
  // `exact` compares objects only, for decisions that are enforced here; predictions may go by name where that says yes.
  uint64_t rights_at(const Resolved& where, bool parent_only, bool exact = false);
  uint64_t rights_by_path(std::string_view path) const;
  uint64_t rights_by_objects(const Descriptor& first, bool first_is_folder, const Descriptor& folder);
  bool known_allowed(const std::string& path, uint64_t need, bool create);
  bool holds_no_links(FolderFact& fact);
  Answer open_proc(Target& target, const Resolved& found, uint64_t flags);
  Answer open_shared_memory(Target& target, const std::string& name, uint64_t flags, uint64_t mode);
  Answer inject(const Target& target, Descriptor fd, bool close_on_exec);
  bool shared_memory_name(int at, const std::string& path, std::string& name) const;

  // Areas (areas.cpp). Nothing is returned where no area is concerned, or a plain grant allows what the area does not: then the
  // kernel decides.
  bool has_areas() const { return settings_.contained && !areas_.empty(); }
  // By the path's text alone, where it is the real path.
  std::optional<Answer> open_in_area(Target& target, const std::string& full, uint64_t flags, uint64_t mode);
  std::optional<Answer> open_found_in_area(Target& target, Resolved& found, bool slash, uint64_t flags, uint64_t mode);
  std::optional<Answer> open_restricted_in_area(Target& target, int at, const std::string& path, uint64_t flags, uint64_t mode, uint64_t resolve);
  std::optional<Answer> change_in_area(Target& target, AreaCall call, int at, const std::string& path, uint64_t right, const char* kind);
  std::optional<Answer> move_in_area(Target& target, AreaCall call, int from_at, const std::string& from, int to_at, const std::string& to,
                                     uint64_t link_flags);
  std::optional<Answer> bind_in_area(Target& target, int fd, const std::string& path);
  bool area_allows(const Resolved& found, Touch touch) const;
  AreaDone do_area(const AreaCall& call, const AreaObjects& objects);
  // What becomes of a call that was decided: nothing where the kernel is to decide. `need`: what a plain grant would have to allow.
  std::optional<Answer> area_answer(Target& target, AreaDone& done, const char* kind, const std::string& path, uint64_t need);
  Answer refuse_in_area(Target& target, const char* kind, std::string path, const std::string& why);
  Answer give_opened(Target& target, Descriptor fd, Descriptor object, uint64_t flags);
  Answer wait_to_open(const Target& target, Descriptor object, Descriptor held, uint64_t flags);
  bool finish_opens();
  bool has_writer(const PendingOpen& one);
  // New plans (plan-changes.cpp).
  void take_up_rules();
  bool wait_for_rules();

  // Brokered calls.
  Answer change_attributes(const seccomp_notif& request, Target& target, Action action);
  Answer observe_bind(Target& target, int fd, uint64_t address, uint64_t size);
  Answer make_memory_file(Target& target, uint64_t name, uint32_t flags);
  Answer add_watch(Target& target, int inotify, uint64_t path, uint32_t mask);
  Answer do_connect(Target& target, int fd, uint64_t address, uint64_t size);
  Answer connect_link_door(const Descriptor& socket);
  void write_link_notes();
  // Ask. Each `ask_for_` is true when the call waits; else it is refused at once.
  Answer see_output(Target& target, const seccomp_notif& request);
  Answer copy_output(Target& target, bool close_on_exec, uint64_t least);
  bool is_output(const Target& target, int fd) const;
  bool may_ask() const;
  bool hold(HeldCall call, AskMessage message);
  bool ask_for_file(Target& target, const Resolved& found, uint64_t flags, uint64_t mode, const char* kind);
  bool ask_for_connect(Target& target, Descriptor& socket, int domain, const Address& where, const ConnectVerdict& verdict,
                       const sockaddr_storage& storage, size_t size);
  bool ask_for_socket(Target& target, const Descriptor& socket, const Resolved& found);
  void ask_for_name(const std::string& name, int process);
  void respond(uint64_t id, const Answer& answer);
  void finish_held(HeldCall call, const AskAnswer& answer, Descriptor file);
  void take_answers();
  void end_held(bool all);
  // The internet sockets' part (inet.cpp).
  Answer connect_inet(Target& target, Descriptor socket, int domain, int type, const sockaddr_storage& storage, size_t size);
  Answer begin_connect(uint64_t id, int process, Descriptor socket, int domain, const ConnectVerdict& verdict, const Address& where,
                       const sockaddr_storage& storage, size_t size);
  Answer watch_connect(Target& target, const sockaddr_storage& storage, size_t size);
  Answer watch_send(Target& target, const seccomp_notif& request);
  void take_in_records();
  void take_in_network();
  void record_connect(int process, const std::string& name, const Address& where, int error);
  void finish_sends();
  void settle_watched(bool all);
  bool names_are_missing();
  bool resolver_file(const std::string& path, Target& target, Descriptor& copy);
  Answer connect_unix(Target& target, const Descriptor& socket, const sockaddr_storage& storage, size_t size);
  Answer connect_granted(int process, const Descriptor& socket, const sockaddr_un& to, socklen_t size, std::string seen);
  Answer do_listen(Target& target, int fd, int backlog);
  Answer bind_stream(Target& target, int fd, const sockaddr_storage& storage, size_t size);
  Answer listen_stream(Target& target, const Descriptor& socket, int domain, int backlog);
  Answer do_send_to(Target& target, const __u64* args);
  Answer do_send_message(Target& target, const seccomp_notif& request);
  ssize_t send_one(Target& target, const Descriptor& socket, uint64_t at, int flags, int& error, PendingSend& rest);
  int judge_datagram(Target& target, const sockaddr_storage& storage, size_t size);
  Answer decide_signal(Target& target, const seccomp_notif& request, Action action);
  Answer decide_priority(Target& target, const seccomp_notif& request, int nr);
  Answer decide_shm(Target& target, const seccomp_notif& request, Action action);
  Answer decide_owner(Target& target, const seccomp_notif& request);
  Answer decide_socket(Target& target, const seccomp_notif& request);
  Answer refuse_socket(Target& target, const seccomp_notif& request);
  Answer decide_namespace(Target& target, const seccomp_notif& request, const CallRule& rule);
  Answer decide_process(Target& target);
  Answer give_unused_map(Target& target);

  void answer(const seccomp_notif& request, const Answer& answer);
  bool still_valid(uint64_t id) const;
  bool group_in_run(int group) const;
  // A number from a register means a process or group as the caller sees them. In a namespace of processes of the run's own it
  // can mean nobody outside of that; elsewhere it means what we see under the number.
  bool names_own(const Target& target, int process) const;
  bool names_own_group(const Target& target, int group) const;
  std::string cwd_joined(Target& target, int at, const std::string& path) const;

  Settings settings_;
  std::atomic<bool> kernel_tells_{false};  // of files that Landlock refused
  std::vector<Grant> grants_;
  Spool& spool_;
  int listener_;
  int self_;
  int epoch_cpu_ = -1;
  uint64_t current_id_ = 0;
  bool roots_differ_ = false;  // a chroot was let go on: from now on it is looked at where a caller's root folder is
  bool other_root_ = false;    // the caller's root folder is not ours, so that names we know mean something else to it
  const std::vector<CallRule> calls_;
  std::vector<const CallRule*> by_number_;
  struct ObjectRight {
    uint64_t dev;
    uint64_t ino;
    uint64_t rights;
  };
  AreaRules areas_;
  MadeNames made_;
  uint64_t proc_device_ = 0;                // of /proc, which is nobody's to open for the server
  Descriptor opener_;                       // who opens what was granted late; none where nothing was
  std::vector<std::string> started_names_;  // hosts that have made-up addresses since the start
  std::mutex new_rules_mutex_;
  std::optional<NewRules> new_rules_;
  std::atomic<bool> has_new_rules_{false};
  std::vector<ObjectRight> object_rights_;
  std::vector<std::pair<std::string, uint64_t>> path_rights_;
  std::vector<FolderFact> folders_;
  std::vector<FileFact> files_;  // lately seen not to be symlinks, in folders that the server cannot change
  std::unordered_set<int> segments_;
  TaskCount tasks_;
  NetworkLink network_;
  // Files served in place of the machine's: made anew when those change.
  struct ServedFile {
    Descriptor file;
    timespec changed{};
    uint64_t inode = 0;
  };
  ServedFile resolv_file_;
  ServedFile hosts_file_;
  // Processes that opened a file of a resolver. What one opened before its first /etc/hosts says whether its resolver can use
  // TCP, whatever it opens later (musl goes on to /etc/resolv.conf for a name that it did not find).
  struct ResolverUser {
    int process = 0;
    bool asks_name_servers = false;
  };
  std::vector<ResolverUser> resolver_users_;
  size_t resolver_users_next_ = 0;
  Descriptor shm_folder_;
  Descriptor pending_wake_;  // eventfd: a connect was added while the housekeeping thread waited
  std::atomic<int> links_open_{0};  // connections to the guardian's door of which the last note has not come
  std::mutex pending_mutex_;
  std::vector<PendingConnect> pending_;
  std::vector<PendingSend> pending_sends_;
  std::vector<PendingOpen> pending_opens_;
  std::atomic<uint64_t> readers_given_back_{0};  // reading ends that waited and were let go for a signal
  uint64_t given_back_before_ = 0;               // as many as there were when the serving thread took its call up
  Descriptor scratch_out_;  // a pipe to look through a FIFO with
  Descriptor scratch_in_;
  // Watch: connects to addresses whose name is being looked up.
  struct UnnamedConnect {
    Observation seen;
    Address where;
    int64_t since;
  };
  std::mutex unnamed_mutex_;
  std::vector<UnnamedConnect> unnamed_;
  int64_t last_query_ = 0;
  std::atomic<bool> replied_{false};  // the server has answered its client's initialize
  std::mutex held_mutex_;
  std::vector<HeldCall> held_;
  uint32_t last_held_ = 0;
  Handing handing_;
};

// How often what waits for another program is tried again.
constexpr int tries_every_ms = 20;

const char* error_name(int error);

// The program of a process, for events.
std::string program_of(int process);

}  // namespace belljar
