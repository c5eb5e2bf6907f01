// The order of securing, and why it is this order:
//
//  1. (main) Close inherited descriptors but stdio: they may be anything, and the plan's descriptors come next. Where the program that
//     reads the kernel's records is installed, fork what becomes it: it has a right that nothing gains after the next step.
//  2. Drop capabilities and forbid gaining any: nothing below needs them, and everything below is then done as the user.
//  3. Read the plan with the server's rights, not more: wrong owner or mode means someone else could have written it.
//  4. Find the command, resolve symbols, open every granted place (O_PATH): decided once, on objects and not on names.
//  5. Fork the guardian's child. The guardian only watches: the client, the supervisor, and that nothing outlives the run.
//  6. Supervisor: make both rulesets, apply the outer one to itself, then fork the server's first process.
//  7. Server's first process: session, limits, inner Landlock domain, seccomp filter with listener (last, because it would
//     stop the steps before it), hand the listener over, wait for the supervisor, execute.
//
// A step that fails ends all of it with one named reason; nothing of the server has run by then.
#include "launch.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "../core/plan.hpp"
#include "../core/refusal.hpp"
#include "../core/spool.hpp"
#include "../core/text.hpp"
#include "ask-door.hpp"
#include "assembler.hpp"
#include "environment.hpp"
#include "event-loop.hpp"
#include "kernel.hpp"
#include "kernel-records.hpp"
#include "link-door.hpp"
#include "link-programs.hpp"
#include "network-process.hpp"
#include "own-places.hpp"
#include "package-caches.hpp"
#include "places.hpp"
#include "plan-file.hpp"
#include "plan-watch.hpp"
#include "resources.hpp"
#include "run-group.hpp"
#include "sealed-tree.hpp"
#include "secrets.hpp"
#include "setting-door.hpp"
#include "sockets.hpp"
#include "supervisor.hpp"
#include "target.hpp"
#include "walls.hpp"

extern char** environ;

namespace belljar {

namespace {

constexpr std::string_view run_folder_prefix = "t-";
constexpr std::string_view new_folder_prefix = "new-";
constexpr int grace_ms = 2000;          // from SIGTERM to SIGKILL when the client is gone
constexpr int flush_every_ms = 500;
constexpr size_t spool_files_max = 400;
constexpr uint64_t spool_bytes_max = 64ULL << 20;

void fail(Shared* shared, int status, const char* code, const std::string& sentence) {
  if (shared->failed.exchange(true)) return;
  shared->failure_exit = status;
  snprintf(shared->failure_code, sizeof shared->failure_code, "%s", code);
  snprintf(shared->failure_sentence, sizeof shared->failure_sentence, "%s", sentence.c_str());
}

std::string errno_text(const char* what) { return std::string(what) + ": " + strerror(errno); }

uint64_t start_ticks(int process) {
  char name[40];
  snprintf(name, sizeof name, "/proc/%d/stat", process);
  Descriptor fd(open(name, O_RDONLY | O_CLOEXEC));
  char text[1024];
  ssize_t n = fd ? read(fd.get(), text, sizeof text - 1) : -1;
  if (n <= 0) return 0;
  text[n] = '\0';
  const char* at = strrchr(text, ')');
  // Field 3 follows the parenthesis; the start time is field 22.
  for (int field = 2; at != nullptr && field < 22; field++) at = strchr(at + 1, ' ');
  return at != nullptr ? strtoull(at + 1, nullptr, 10) : 0;
}

// The plan, or a refusal that says exactly what is wrong with it.
Plan load_plan(const Request& request, std::string& bytes) {
  Plan plan;
  PlanProblem problem;
  if (!read_plan_file(request.plan_file, request.server, bytes, plan, problem)) {
    refuse({problem.code, problem.sentence, problem.remedy, exit_refused}, request.server);
  }
  return plan;
}

// A pinned start is what the plan says or nothing: another command line, or a tree that is not what was installed, is not
// what was decided on.
std::vector<std::string> pinned_command(Plan& plan, std::vector<std::string> command) {
  if (!take_pinned(plan, command)) {
    refuse({"pin-mismatch", "The entry no longer starts what was pinned, so the server was not started.",
            "Pin what it starts now: belljar pin " + plan.server + ", or start it unpinned: belljar unpin " + plan.server, exit_refused},
           plan.server);
  }
  for (const SealedTree& tree : plan.trees) {
    std::string error;
    std::string digest = tree_digest(tree.folder, error);
    if (digest == tree.digest) continue;
    refuse({"pin-tampered", "The installed program is not what was pinned (" + tree.folder + (error.empty() ? "" : ", " + error) +
            "), so the server was not started.", "See what changed: belljar doctor. Install it again: belljar pin " + plan.server, exit_refused},
           plan.server);
  }
  return command;
}

// What a package runner puts on PATH: the programs that were installed beside the started one come first, and its
// interpreter is found by whatever it starts.
std::string pinned_path(const Plan& plan, const std::string& path) {
  auto sealed = [&plan](const std::string& file) {
    return std::any_of(plan.trees.begin(), plan.trees.end(), [&file](const SealedTree& tree) { return path_within(file, tree.folder); });
  };
  std::string front;
  if (sealed(plan.pinned.program)) front = std::string(parent_of(plan.pinned.program)) + ":";
  for (const std::string& argument : plan.pinned.args) {
    if (front.empty() && sealed(argument)) front = std::string(parent_of(argument)) + ":";
  }
  return front + path + ":" + std::string(parent_of(plan.pinned.program));
}

std::string current_folder() {
  char buffer[PATH_MAX];
  return getcwd(buffer, sizeof buffer) != nullptr ? std::string(buffer) : std::string();
}

std::string random_name(size_t length) {
  static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  unsigned char bytes[32];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) abort();
  for (size_t i = 0; i < length && i < sizeof bytes; i++) out.push_back(letters[bytes[i] % 36]);
  return out;
}

// Old runs' files go, oldest first, beyond the total bounds; a file that a supervisor still holds stays.
void prune_spool(int folder_fd) {
  struct Old {
    std::string name;
    int64_t at;
    uint64_t size;
  };
  std::vector<Old> files;
  uint64_t total = 0;
  int copy = fcntl(folder_fd, F_DUPFD_CLOEXEC, 3);
  DIR* folder = copy >= 0 ? fdopendir(copy) : nullptr;
  if (folder == nullptr) return;
  while (dirent* entry = readdir(folder)) {
    std::string_view name(entry->d_name);
    struct stat info{};
    if (!name.ends_with(".jsonl") || fstatat(folder_fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) continue;
    files.push_back({std::string(name), info.st_mtim.tv_sec, static_cast<uint64_t>(info.st_size)});
    total += static_cast<uint64_t>(info.st_size);
  }
  closedir(folder);
  if (files.size() <= spool_files_max && total <= spool_bytes_max) return;
  std::sort(files.begin(), files.end(), [](const Old& a, const Old& b) { return a.at < b.at; });
  size_t left = files.size();
  for (const Old& file : files) {
    if (left <= spool_files_max && total <= spool_bytes_max) break;
    Descriptor fd(openat(folder_fd, file.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd || flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    if (unlinkat(folder_fd, file.name.c_str(), 0) == 0) {
      left--;
      total -= std::min(total, file.size);
    }
  }
}

// Only folders: changing a symlink's mode would change what it names.
void make_enterable(int parent, const char* name) {
  Descriptor fd(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return;
  std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  if (chmod(link.c_str(), 0700) != 0) return;
}

// Removes a folder tree that a run made, however deep: each folder is moved up to the top before it is emptied. Nothing is
// followed, and the server may have taken its own folders' rights away.
void remove_tree(int parent, const char* name) {
  make_enterable(parent, name);
  Descriptor top(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top) {
    unlinkat(parent, name, 0);
    return;
  }
  uint64_t moved = 0;
  std::string unused = ".belljar-" + random_name(12) + "-";  // a name that the server cannot have taken beforehand
  // Empties one folder of the top, or the top itself (null); folders in it become folders of the top.
  auto empty = [&](const char* folder_name) {
    Descriptor fd(folder_name == nullptr ? fcntl(top.get(), F_DUPFD_CLOEXEC, 3)
                                         : openat(top.get(), folder_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    DIR* folder = fd ? fdopendir(fd.get()) : nullptr;
    if (folder == nullptr) return false;
    fd.release();
    rewinddir(folder);
    bool folders = false;
    while (dirent* entry = readdir(folder)) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (unlinkat(dirfd(folder), entry->d_name, 0) == 0) continue;
      folders = true;
      make_enterable(dirfd(folder), entry->d_name);
      if (folder_name == nullptr) continue;
      std::string up = unused + std::to_string(moved++);
      renameat(dirfd(folder), entry->d_name, top.get(), up.c_str());
    }
    closedir(folder);
    return folders;
  };
  for (int rounds = 0; rounds < 1'000'000 && empty(nullptr); rounds++) {
    std::vector<std::string> names;
    int copy = fcntl(top.get(), F_DUPFD_CLOEXEC, 3);
    DIR* folder = copy >= 0 ? fdopendir(copy) : nullptr;
    if (folder == nullptr) break;
    rewinddir(folder);
    while (dirent* entry = readdir(folder)) {
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names.emplace_back(entry->d_name);
    }
    closedir(folder);
    bool progress = false;
    for (const std::string& one : names) {
      empty(one.c_str());
      progress = unlinkat(top.get(), one.c_str(), AT_REMOVEDIR) == 0 || progress;
    }
    if (!progress) break;
  }
  unlinkat(parent, name, AT_REMOVEDIR);
}

// Folders of runs whose guardian was killed before it could clean up. Every live run holds a lock on its folder.
void remove_stale_folders(int spool_folder) {
  int copy = fcntl(spool_folder, F_DUPFD_CLOEXEC, 3);
  DIR* folder = copy >= 0 ? fdopendir(copy) : nullptr;
  if (folder == nullptr) return;
  rewinddir(folder);
  while (dirent* entry = readdir(folder)) {
    std::string_view name(entry->d_name);
    bool unfinished = name.substr(0, new_folder_prefix.size()) == new_folder_prefix;
    if (name.substr(0, run_folder_prefix.size()) != run_folder_prefix && !unfinished) continue;
    struct stat info{};
    if (unfinished && (fstatat(spool_folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || time(nullptr) - info.st_mtim.tv_sec < 60)) continue;
    Descriptor fd(openat(spool_folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd || flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    remove_tree(spool_folder, entry->d_name);
  }
  closedir(folder);
}

// A new folder of ours alone, opened. Fails when something of that name is there.
Descriptor make_own_folder(int parent, const char* name) {
  if (mkdirat(parent, name, 0700) != 0) return {};
  Descriptor fd(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!fd || fstat(fd.get(), &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 077) != 0) return {};
  return fd;
}

std::vector<int> children_of_self() {
  std::vector<int> found;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/task/%d/children", getpid());
  Descriptor fd(open(name, O_RDONLY | O_CLOEXEC));
  if (fd) {
    std::string text;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(n));
    for (std::string_view word : split(text, ' ')) {
      auto number = parse_number(word, INT_MAX);
      if (number) found.push_back(static_cast<int>(*number));
    }
    return found;
  }
  DIR* folder = opendir("/proc");
  while (dirent* entry = folder != nullptr ? readdir(folder) : nullptr) {
    auto number = parse_number(entry->d_name, INT_MAX);
    if (!number) continue;
    char stat_name[64];
    snprintf(stat_name, sizeof stat_name, "/proc/%d/stat", static_cast<int>(*number));
    Descriptor file(open(stat_name, O_RDONLY | O_CLOEXEC));
    char text[1024];
    ssize_t n = file ? read(file.get(), text, sizeof text - 1) : -1;
    if (n <= 0) continue;
    text[n] = '\0';
    const char* after = strrchr(text, ')');
    char state = 0;
    int parent = 0;
    if (after != nullptr && sscanf(after + 1, " %c %d", &state, &parent) == 2 && parent == getpid()) found.push_back(static_cast<int>(*number));
  }
  if (folder != nullptr) closedir(folder);
  return found;
}

// Kills and reaps every descendant: each that dies gives its own children to us (child subreaper), until there is none.
void end_descendants() {
  for (int rounds = 0; rounds < 100'000; rounds++) {
    for (int child : children_of_self()) kill(child, SIGKILL);
    int status = 0;
    pid_t gone = waitpid(-1, &status, WNOHANG);
    if (gone < 0 && errno == ECHILD) return;
    if (gone == 0) poll(nullptr, 0, 1);
  }
}

void add_json_list(std::string& out, const char* name, const std::vector<std::string>& list, size_t most, size_t longest) {
  out += "\"";
  out += name;
  out += "\":[";
  for (size_t i = 0; i < list.size() && i < most; i++) {
    if (i > 0) out += ",";
    append_json_string(out, std::string_view(list[i]).substr(0, longest));
  }
  out += "]";
}

std::string enforcement_json(const EnforcementReport& report) {
  std::string out = "{";
  add_json_list(out, "full", report.full, 64, 200);
  out += ",";
  add_json_list(out, "partial", report.partial, 64, 500);
  out += ",";
  add_json_list(out, "missing", report.missing, 64, 500);
  return out + "}";
}

const char* signal_name(int signal) {
  const char* short_name = sigabbrev_np(signal);
  return short_name != nullptr ? short_name : "unknown";
}

// Everything about one run that guardian, supervisor and server's first process share by inheritance.
struct Run {
  explicit Run(const Request& its_request) : request(its_request) {}

  const Request& request;
  Plan plan;
  std::string plan_bytes;
  Launch launch;
  Offer offer;
  Shared* shared = nullptr;
  std::string id;
  int spool_fd = -1;
  std::string folder_name;  // of the run's own folder, in the spool folder
  std::string private_tmp;
  std::string private_shm;
  int64_t started = 0;
  int guardian = 0;
  KernelRecords records;       // the supervisor's
  GivenSecrets secrets;        // wiped where they have been handed on
  NetworkRules network_rules;  // the server's
  NetworkProcess network;
  bool has_network_process = false;
  bool contained = true;
  Resources resources;
  RunGroup group;           // none where the session has none to divide, and once the server's first process could not join it
  rlim_t server_files = 0;  // the soft limit that the client gave, where the supervisor raised its own
  int started_read = -1;  // ends when the server's own program runs: the write end closes at its execution
  int started_write = -1;
  std::string instead_program;  // where request.instead was found

  const std::string& started_program() const { return instead_program.empty() ? launch.program : instead_program; }
};

std::string end_json(const Run& run, const char* cause, bool has_code, int code, int signal, const std::vector<NearDenial>& near) {
  std::string out = std::string("{\"cause\":\"") + cause + "\"";
  if (signal != 0) out += std::string(",\"signal\":\"SIG") + signal_name(signal) + "\"";
  else if (has_code) out += ",\"code\":" + std::to_string(code);
  out += ",\"durationMs\":" + std::to_string(std::max<int64_t>(0, (now_nanoseconds() - run.started) / 1'000'000));
  out += ",\"denials\":" + std::to_string(run.shared->denials.load()) + ",\"justBefore\":[";
  for (size_t i = 0; i < near.size(); i++) {
    if (i > 0) out += ",";
    out += "{\"at\":\"" + iso_time(near[i].at) + "\",\"kind\":\"" + near[i].kind + "\",\"target\":";
    // Escaping may make six bytes of one; the line must fit what is kept back for it.
    append_json_string(out, std::string_view(near[i].target).substr(0, 160));
    out += "}";
  }
  return out + "]}";
}

// ---- The server's first process -------------------------------------------------------------------------------------

[[noreturn]] void server_fails(Run& run, int status, const char* code, const std::string& sentence) {
  fail(run.shared, status, code, sentence);
  _exit(status);
}

void apply_limits(Run& run) {
  const char* failed = apply_resources(run.resources, run.group, run.server_files);
  // A core file would hold the server's secrets, and be written by the kernel outside every rule. Where core_pattern names a program, a
  // limit of 0 does not keep the kernel from starting it as root with the memory in its hands; 1 does (fs/coredump.c), and is less than any file.
  // Where somebody allowed no more than 0 before us, it stays that.
  const rlimit least{1, 1}, none{0, 0};
  if (failed == nullptr && run.contained && setrlimit(RLIMIT_CORE, &least) != 0 && setrlimit(RLIMIT_CORE, &none) != 0)
    failed = "setrlimit RLIMIT_CORE";
  if (failed != nullptr) server_fails(run, exit_refused, "limit-failed", errno_text((std::string("A resource limit could not be set (") + failed).c_str()) + ").");
}

// What the server's first process tells before it waits to be let go.
struct Ready {
  int listener;
  bool in_group;
};

// The processes that the supervisor counts: all, unless the kernel does.
uint64_t counted_processes(const Run& run, bool in_group) {
  return run.contained && !(in_group && run.group.bounds_processes()) ? run.resources.processes : 0;
}

std::vector<CallRule> calls_of(const Run& run, bool in_group, bool asks) {
  return calls_for({.contained = run.contained,
                    .datagrams = run.network_rules.datagrams,
                    .nested = run.plan.nested_sandbox,
                    .counted = counted_processes(run, in_group) != 0,
                    .asks = asks,
                    .borrows = !run.offer.sync_wake_up,
                    .files_unseen = run.plan.files_unseen,
                    .relayed = run.network_rules.network == Network::hosts});
}

// When the memory of the whole machine runs out, the kernel ends what counts most. A value that is higher already stays.
void server_first_to_go() {
  constexpr int more = 200;
  Descriptor fd(open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  char text[16] = {};
  if (!fd || read(fd.get(), text, sizeof text - 1) <= 0 || atoi(text) >= more) return;
  std::string value = std::to_string(more);
  if (pwrite(fd.get(), value.data(), value.size(), 0) < 0) return;  // a machine that forbids it loses this, and nothing else
}

[[noreturn]] void run_server(Run& run, int supervisor, int inner_wall, bool asks, int to_supervisor,
                             int from_supervisor, char* const* arguments, char* const* environment) {
  // Before anything that keeps it from writing there.
  bool in_group = run.group.join();
  if (run.contained) server_first_to_go();
  // Dies with the supervisor; its descendants are then ended by the guardian.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != supervisor) {
    server_fails(run, exit_refused, "launcher-gone", "The launcher ended while it was starting the server.");
  }
  // A session of its own: signals to groups stay inside, and there is no controlling terminal to type into.
  setsid();
  // But for the run's own, made for it alone, which belongs to no other session: without one a shell has no job control, and
  // Ctrl-C reaches nobody.
  if (!run.request.terminal.empty() && ioctl(0, TIOCSCTTY, 0) != 0) {
    server_fails(run, exit_refused, "terminal-failed", errno_text("The terminal could not be given to what runs in it (ioctl TIOCSCTTY") + ").");
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
  }
  apply_limits(run);
  if (run.contained) {
    int error = apply_wall(inner_wall, run.offer.landlock_abi);
    if (error != 0) {
      errno = error;
      server_fails(run, exit_refused, "landlock-failed", errno_text("Landlock could not be applied (landlock_restrict_self"));
    }
  }
  std::vector<sock_filter> filter = make_filter(calls_of(run, in_group, asks), run.contained);
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (listener < 0 && errno == EINVAL) listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  // From here only read, write, close and execve: all else might wait for a supervisor that is not there yet.
  if (listener < 0) {
    const char* code = errno == EBUSY ? "nested-listener" : "seccomp-failed";
    server_fails(run, exit_refused, code,
                 errno == EBUSY ? "Another sandbox around this session already watches its system calls, so Belljar cannot."
                                : errno_text("The system call filter could not be applied (seccomp"));
  }
  Ready ready{static_cast<int>(listener), in_group};
  char go = 0;
  if (write(to_supervisor, &ready, sizeof ready) != sizeof ready || read(from_supervisor, &go, 1) != 1) _exit(exit_refused);
  close(ready.listener);
  execve(run.started_program().c_str(), arguments, environment);
  int status = errno == ENOENT ? exit_not_found : exit_not_executable;
  std::string sentence = errno_text(("The command could not be started (execve " + run.started_program()).c_str()) + ").";
  server_fails(run, status, errno == ENOENT ? "command-not-found" : "command-not-executable", sentence);
}

// The supervisor works for microseconds at a time, and the server's thread waits for it. A short slice lets it run before the
// server's other threads on the same processor (Linux 6.12; others ignore or refuse it, which only costs time).
void ask_for_short_slices() {
  struct {
    uint32_t size = 56;
    uint32_t policy = SCHED_OTHER;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 100'000;  // nanoseconds
    uint64_t deadline = 0;
    uint64_t period = 0;
    uint32_t util_min = 0;
    uint32_t util_max = 0;
  } attributes;
  errno = 0;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  if (errno == 0) syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// Input and output belong to the server; a copy held here would keep the client from seeing their end.
void give_up_stdio() {
  Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd : {0, 1}) {
    if (null) dup2(null.get(), fd);
    else close(fd);
  }
}

// ---- The supervisor -------------------------------------------------------------------------------------------------

struct Housekeeping {
  Run* run;
  Supervisor* supervisor;
  Spool* spool;
  int server;
  int signals;
  MemoryWatch memory;
  GroupHits hits;  // of the run's group, as last seen

  // Bounds that were met since the last time.
  void see_limits() {
    int ended = memory.look(steady_nanoseconds());
    if (ended != 0) supervisor->record_limit("memory", 1, ended, "broker");
    GroupHits now = run->group.hits();
    if (now.memory > hits.memory) supervisor->record_limit("memory", now.memory - hits.memory, server, "kernel");
    if (now.processes > hits.processes) supervisor->record_limit("processes", now.processes - hits.processes, server, "kernel");
    hits = now;
  }
};

[[noreturn]] void* keep_house(void* argument) {
  Housekeeping& house = *static_cast<Housekeeping*>(argument);
  Run& run = *house.run;
  Descriptor server(static_cast<int>(syscall(number::pidfd_open, house.server, 0)));
  int64_t flushed = 0;
  const char* cause = nullptr;
  while (true) {
    house.supervisor->poll_pending(house.memory.due(steady_nanoseconds(), flush_every_ms), house.signals);
    house.see_limits();
    signalfd_siginfo info{};
    while (read(house.signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD) continue;
      if (getppid() != run.guardian) {
        // The guardian was killed: nobody would hold the run together any longer.
        cause = "client-gone";
        kill(house.server, SIGKILL);
      } else if (signal == SIGUSR2) {
        cause = "client-gone";  // said by the guardian before it ends the run
      } else {
        // A thread that waits for a person would not hear it.
        house.supervisor->refuse_waiting();
        if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT) {
          if (cause == nullptr) cause = "stopped";
        }
        kill(house.server, signal);
      }
    }
    if (now_nanoseconds() - flushed >= static_cast<int64_t>(flush_every_ms) * 1'000'000 * 9 / 10) {
      house.spool->flush(false);
      flushed = now_nanoseconds();
    }
    int status = 0;
    bool server_ended = false;
    while (true) {
      pid_t gone = waitpid(-1, &status, WNOHANG);
      if (gone <= 0) break;
      if (gone == house.server) {
        server_ended = true;
        break;
      }
    }
    if (!server_ended) continue;
    // The server is gone: whatever it left behind goes too, before the run is called ended.
    end_descendants();
    house.see_limits();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) house.supervisor->record_limit("cpu-time", 1, house.server, "kernel");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) house.supervisor->record_limit("file-size", 1, house.server, "kernel");
    house.supervisor->finish_network();
    house.supervisor->finish_links();
    house.supervisor->finish_records();
    house.supervisor->clean_up();
    house.spool->flush(true);
    bool by_signal = WIFSIGNALED(status);
    int code = by_signal ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (!run.shared->failed.load()) {
      if (cause == nullptr) cause = by_signal ? "signal" : "exit";
    } else {
      cause = "launcher-failed";
    }
    if (!run.shared->ended.exchange(true)) {
      auto near = house.spool->near_denials(now_nanoseconds() - 2'000'000'000);
      house.spool->run_end(end_json(run, cause, true, code, by_signal ? WTERMSIG(status) : 0, near), house.server, run.started_program());
    }
    _exit(code);
  }
}

[[noreturn]] void supervise(Run& run, Places places, std::vector<std::string> sockets, Environment environment, LinkDoor links, AskDoor asks, Descriptor plan_changes, Descriptor setting_door) {
  run.network.own_end.reset();
  for (Descriptor* one : {&run.network.holes.v4, &run.network.holes.v6, &run.network.holes.v4_filler, &run.network.holes.v6_filler}) one->reset();
  auto stop = [&run](const char* code, const std::string& sentence) {
    fail(run.shared, exit_refused, code, sentence);
    _exit(exit_refused);
  };
  if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != run.guardian) stop("launcher-gone", "The launcher ended while it was starting the server.");
  // Blocking connects hold descriptors here; the server must not be able to starve the supervisor of them.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    run.server_files = files.rlim_cur;
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 65'536);
    setrlimit(RLIMIT_NOFILE, &files);
  }
  // A session apart from the guardian's: who kills the launcher's whole group still leaves this one to clean up.
  setsid();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) stop("subreaper-failed", errno_text("prctl PR_SET_CHILD_SUBREAPER"));
  sigset_t handled;
  sigemptyset(&handled);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGCHLD}) sigaddset(&handled, signal);
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  signal(SIGPIPE, SIG_IGN);
  int signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals < 0) stop("signals-failed", errno_text("signalfd"));

  Settings settings;
  // The door itself is the guardian's; here only the way to it is kept.
  if (links.descriptor() >= 0) {
    settings.link_notes = links.take_notes();
    settings.link_door = Descriptor(open((run.plan.spool + "/" + run.folder_name + "/link.sock").c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    if (!settings.link_door) stop("link-door", errno_text("The door for links cannot be found (open"));
    links = LinkDoor{};
  }

  if (asks.descriptor() >= 0) {
    settings.ask_channel = asks.take_supervisor_end();
    settings.asks = true;
    asks = AskDoor{};
    struct stat output{};
    if (fstat(1, &output) == 0) {
      settings.output_device = output.st_dev;
      settings.output_inode = output.st_ino;
    }
  }

  Walls walls;
  if (run.contained) {
    std::string error;
    // What the supervisor itself reads while it serves: processes of the run (its own domain keeps it from all others).
    if (!build_walls(places.grants, sockets, run.offer.landlock_abi, {"/proc", "/etc/resolv.conf", "/etc/hosts"}, walls, error)) stop("landlock-failed", error);
    int code = apply_wall(walls.outer.get(), run.offer.landlock_abi);
    if (code != 0) {
      errno = code;
      stop("landlock-failed", errno_text("Landlock could not be applied (landlock_restrict_self"));
    }
  }
  int up[2];
  int down[2];
  if (pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0) stop("pipe-failed", errno_text("pipe2"));
  std::vector<char*> arguments;
  std::vector<std::string> args = run.request.instead;
  if (args.empty()) {
    args = without_kept(run.launch.args);
    args.insert(args.begin(), run.launch.command);
  }
  arguments.reserve(args.size() + 2);
  for (std::string& argument : args) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables = environment.pointers();
  run.secrets.add_to(variables);

  int self = getpid();
  pid_t server = fork();
  if (server < 0) stop("fork-failed", errno_text("fork"));
  if (server == 0) {
    run_server(run, self, walls.inner.get(), settings.asks, up[1], down[0], arguments.data(), variables.data());
  }
  run.secrets.wipe();
  run.shared->server_pid.store(server);
  close(run.started_write);
  close(up[1]);
  close(down[0]);
  Ready ready{-1, false};
  if (read(up[0], &ready, sizeof ready) != sizeof ready) {
    int status = 0;
    waitpid(server, &status, 0);
    stop("start-failed", "The server's first process ended before it could be contained.");
  }
  Descriptor pidfd(static_cast<int>(syscall(number::pidfd_open, server, 0)));
  int listener = pidfd ? static_cast<int>(syscall(number::pidfd_getfd, pidfd.get(), ready.listener, 0)) : -1;
  if (listener < 0) {
    std::string text = errno_text("pidfd_getfd");
    kill(server, SIGKILL);
    stop("listener-failed", text);
  }
  bool sync = ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, notify_sync_wake_up) == 0;
#ifdef BELLJAR_WITHOUT_SYNC_WAKE
  // For measuring and testing the way of kernels before 6.6 on a newer one.
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 0);
  sync = false;
#endif
  walls = Walls{};

  Spool spool(run.spool_fd, run.plan.spool_limit, run.id, run.plan.server, run.shared);
  bool group_memory = ready.in_group && run.group.bounds_memory();
  bool group_processes = ready.in_group && run.group.bounds_processes();
  run.offer.bound_memory = run.resources.memory != 0;
  run.offer.bound_processes = run.resources.processes != 0;
  run.offer.group_memory = group_memory;
  run.offer.group_processes = group_processes;
  run.offer.group_missing = run.group.missing();
  EnforcementReport report = enforcement_of(run.offer, run.plan.level, run.plan.nested_sandbox);
  std::string detail = std::string("{\"level\":\"") + level_name(run.plan.level) + "\",\"network\":\"" +
                       network_name(run.plan.network) + "\",\"program\":";
  append_json_string(detail, std::string_view(run.started_program()).substr(0, event_target_max));
  detail += ",\"supervisor\":{\"pid\":" + std::to_string(self) + ",\"startTicks\":" + std::to_string(start_ticks(self)) + "}";
  detail += ",\"landlockAbi\":" + std::to_string(run.offer.landlock_abi) + ",\"enforcement\":" + enforcement_json(report) + ",";
  bool told = run.plan.files_unseen && run.records.come() && run.records.follow(server);
  // Where nobody gave it the right nothing is missing; where somebody did, it was meant to work.
  if (run.plan.files_unseen && !told && run.records.is_installed() && !run.records.missing().starts_with("no right")) places.not_applied.push_back("records of refused accesses: " + run.records.missing());
  add_json_list(detail, "notApplied", places.not_applied, 100, 400);
  if (run.plan.files_unseen) detail += ",\"unseen\":[\"files\"]";
  if (told) detail += ",\"refusals\":\"kernel\"";
  detail += ",\"limits\":" + resources_json(run.resources, group_memory, group_processes);
  detail += std::string(",\"throwAway\":") + (run.request.throw_away ? "true" : "false");
  if (!run.request.terminal.empty()) detail += ",\"terminal\":\"" + run.request.terminal + "\"";
  detail += "}";
  spool.run_start(detail, server, run.started_program());

  settings.contained = run.contained;
  settings.record_all = run.plan.record_all;
  settings.nested_sandbox = run.plan.nested_sandbox;
  settings.sync_wake_up = sync;
  settings.borrows = !run.offer.sync_wake_up;
  settings.files_unseen = run.plan.files_unseen;
  settings.records = std::move(run.records);
  settings.guardian = run.guardian;
  settings.landlock_abi = run.offer.landlock_abi;
  settings.memory_files = run.plan.level != Level::strict || run.offer.memory_seal;
  settings.plan_changes = std::move(plan_changes);
  settings.setting_door = std::move(setting_door);
  settings.server = server;
  settings.program = run.started_program();
  settings.patterns = run.plan.patterns;
  settings.network = run.network_rules;
  settings.network_process = std::move(run.network.supervisor_end);
  settings.holes.v4_address = run.network.holes.v4_address;
  settings.holes.v6_address = run.network.holes.v6_address;
  settings.holes.nobody = std::move(run.network.holes.nobody);
  settings.holes.nobody_address = run.network.holes.nobody_address;
  settings.resolver = run.contained && run.has_network_process;
  settings.processes = counted_processes(run, ready.in_group);
  settings.sockets = std::move(sockets);
  settings.private_tmp = run.private_tmp;
  settings.private_shm = run.private_shm;
  Supervisor supervisor(std::move(settings), std::move(places.grants), spool, listener);
  Housekeeping house{&run, &supervisor, &spool, server, signals, MemoryWatch(self, run.contained && !group_memory ? run.resources.memory : 0), {}};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256UL * 1024);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, keep_house, &house) != 0) {
    kill(server, SIGKILL);
    stop("thread-failed", "The launcher could not start its second thread.");
  }
  // Both threads exist; from here the supervisor starts nothing. TSYNC puts the filter on both.
  std::vector<sock_filter> own_filter = make_supervisor_filter();
  sock_fprog own_program{static_cast<unsigned short>(own_filter.size()), own_filter.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &own_program) != 0) {
    std::string text = errno_text("The supervisor could not confine itself (seccomp");
    kill(server, SIGKILL);
    stop("seccomp-failed", text);
  }
  char go = 1;
  if (write(down[1], &go, 1) != 1) kill(server, SIGKILL);
  close(down[1]);
  close(up[0]);
  give_up_stdio();
  ask_for_short_slices();
  supervisor.serve();
}

// Beside the supervisor, not below it: what the server may do to processes of its run it may not do to this one.
void start_network_process(Run& run) {
  if (!run.has_network_process) return;
  pid_t process = fork();
  if (process == 0) {
    munmap(run.shared, sizeof(Shared));
    give_up_stdio();
    dup2(1, 2);
    run_network_process(run.network);
  }
  // A fork that failed is seen by the supervisor: its end of the socket is alone.
  run.network = NetworkProcess{};
}

// ---- The guardian ---------------------------------------------------------------------------------------------------

[[noreturn]] void guard(Run& run, int supervisor, int client_pidfd, int signals, int spool_folder, LinkDoor& links, AskDoor& asks, PlanWatch& plans, SettingDoor& settings) {
  Descriptor supervisor_fd(static_cast<int>(syscall(number::pidfd_open, supervisor, 0)));
  // It goes on as it is only together with its filter; without it the run ends like one whose supervisor is not to be had.
  if (!supervisor_fd || !apply_filter(make_guardian_filter())) {
    kill(supervisor, SIGKILL);
  }
  bool client_gone = false;
  int64_t deadline = 0;
  int status = 0;
  while (true) {
    pollfd waits[8] = {{supervisor_fd.get(), POLLIN, 0},
                       {signals, POLLIN, 0},
                       {client_gone ? -1 : client_pidfd, POLLIN, 0},
                       {run.started_read, POLLIN, 0},
                       {links.descriptor(), POLLIN, 0},
                       {asks.descriptor(), POLLIN, 0},
                       {plans.descriptor(), POLLIN, 0},
                       {settings.descriptor(), POLLIN, 0}};
    int timeout = -1;
    if (deadline != 0) timeout = static_cast<int>(std::max<int64_t>(0, (deadline - now_nanoseconds()) / 1'000'000));
    poll(waits, 8, timeout);
    if ((waits[4].revents & POLLIN) != 0) links.serve();
    if ((waits[5].revents & POLLIN) != 0) asks.serve();
    if ((waits[6].revents & POLLIN) != 0) plans.look();
    if (waits[7].revents != 0) settings.serve(supervisor);
    if (const Plan* plan = plans.take_plan()) {
      links.change_rules(plan->links);
      asks.change_plan(*plan);
    }
    if ((waits[3].revents & POLLHUP) != 0) {
      close(run.started_read);
      run.started_read = -1;
      // Started: from here the stdio is the server's alone, so that the client sees what the server does with it. Before,
      // the guardian needs it to tell the client why nothing started.
      if (!run.shared->failed.load()) give_up_stdio();
    }
    signalfd_siginfo info{};
    while (read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      int signal = static_cast<int>(info.ssi_signo);
      if (signal != SIGCHLD) kill(supervisor, signal);
    }
    if (!client_gone && (waits[2].revents & POLLIN) != 0) {
      client_gone = true;
      kill(supervisor, SIGUSR2);
      kill(supervisor, SIGTERM);
      deadline = now_nanoseconds() + static_cast<int64_t>(grace_ms) * 1'000'000;
    }
    if (deadline != 0 && now_nanoseconds() >= deadline) {
      int server = run.shared->server_pid.load();
      if (server > 0) kill(server, SIGKILL);
      deadline = now_nanoseconds() + static_cast<int64_t>(grace_ms) * 1'000'000;
    }
    pid_t gone = waitpid(supervisor, &status, WNOHANG);
    if (gone == supervisor || (gone < 0 && errno == ECHILD)) break;
  }
  run.group.end_all();
  end_descendants();
  run.group.remove();
  bool crashed = WIFSIGNALED(status);
  if (!run.shared->ended.exchange(true) && run.spool_fd >= 0) {
    Spool spool(run.spool_fd, run.plan.spool_limit, run.id, run.plan.server, run.shared);
    spool.run_end(end_json(run, "launcher-failed", !crashed, crashed ? 0 : WEXITSTATUS(status), crashed ? WTERMSIG(status) : 0, {}),
                  run.shared->server_pid.load(), run.started_program());
  }
  if (!run.folder_name.empty()) remove_tree(spool_folder, run.folder_name.c_str());
  if (run.shared->failed.load()) {
    std::string remedy = run.shared->failure_exit == exit_refused ? "See: belljar doctor" : "See: belljar show " + run.plan.server;
    refuse({run.shared->failure_code, run.shared->failure_sentence, remedy, run.shared->failure_exit}, run.plan.server);
  }
  // A supervisor that was killed took the walls' brokering with it; the run is over and says so.
  _exit(crashed ? exit_refused : WEXITSTATUS(status));
}

// What a run needs of the network, made before anything is forked: the supervisor and the network process share it.
void prepare_network(Run& run, Environment& environment, std::vector<std::string>& not_applied) {
  NetworkRules& rules = run.network_rules;
  rules.network = run.contained ? run.plan.network : Network::open;
  rules.local_ports = run.plan.local_ports;
  rules.listen_ports = run.plan.listen_ports;
  rules.loopback_listener = run.plan.loopback_listener;
  rules.datagrams = run.plan.datagrams;
  rules.asks = run.contained && run.plan.ask_access;
  std::string error;
  if (!rules.hosts.compile(run.plan.hosts, error)) {
    refuse({"plan-invalid", "The plan is not valid (" + error + "), so the server was not started.", "Write it again: belljar doctor --repair", exit_refused}, run.plan.server);
  }
  if (rules.network == Network::none) return;
  std::string unusable;
  UpstreamProxy proxy = run.contained ? proxy_from_environment(unusable) : UpstreamProxy{};
  if (!unusable.empty()) not_applied.push_back(unusable + ": only a proxy with an http:// address can be used");
  if (!proxy.host.empty()) {
    // Where hosts are named, the proxy would be a way around the names: it is for the network process alone.
    if (rules.network == Network::open) rules.hosts.add_own(proxy.host, proxy.port);
    for (const char* name : proxy_variables) {
      const char* value = getenv(name);
      if (rules.network == Network::hosts) environment.remove(name);
      else if (value != nullptr && !environment.has(name)) environment.set(name, value);
    }
  }
  run.network.rules = rules;
  run.network.proxy = std::move(proxy);
  run.network.watch = !run.contained;
  run.network.landlock_abi = run.offer.landlock_abi;
  if (!prepare_network_process(run.network, error)) {
    refuse({"network-failed", "The network process could not be prepared (" + error + ").", "", exit_refused}, run.plan.server);
  }
  run.has_network_process = true;
}

bool npm_family(std::string_view name) { return name == "npx" || name == "npm" || name == "pnpx" || name == "pnpm"; }

// Yama's mode 2 and 3 take the look into one's own children away (Documentation/admin-guide/LSM/Yama.rst).
bool administrator_only_tracing() {
  Descriptor fd(open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC));
  char mode = '0';
  return fd && read(fd.get(), &mode, 1) == 1 && mode >= '2';
}

// Kernel offers that a level cannot do without.
void require_offer(const Run& run) {
  const Offer& offer = run.offer;
  std::string lacking;
  if (!offer.filter || !offer.notify) lacking = "seccomp with notification (Linux 5.9)";
  else if (run.contained && offer.landlock_abi == 0) lacking = "Landlock (Linux 5.13, switched on)";
  else if (run.contained && (!offer.addfd_send || !offer.pidfd_getfd)) lacking = "brokered system calls (Linux 5.14)";
  if (lacking.empty() && administrator_only_tracing()) {
    refuse({"not-enforceable", "This machine lets only the administrator look into processes (kernel.yama.ptrace_scope), so Belljar "
            "cannot watch the server, and it was not started.",
            "Set kernel.yama.ptrace_scope to 1, or put the server back with belljar release.", exit_refused},
           run.plan.server);
  }
  if (lacking.empty()) return;
  refuse({"not-enforceable", "This machine's kernel does not offer " + lacking + ", so the server was not started.",
          "Update the kernel, or put the server back with belljar release.", exit_refused},
         run.plan.server);
}

// The parts of the probe that a start needs, without its trial processes.
Offer quick_offer() {
  Offer offer;
  offer.landlock_abi = landlock_abi();
  uint32_t notify = SECCOMP_RET_USER_NOTIF;
  uint32_t error = SECCOMP_RET_ERRNO;
  offer.filter = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &error) == 0;
  offer.notify = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &notify) == 0;
  errno = 0;
  offer.pidfd_getfd = syscall(number::pidfd_getfd, -1, 0, 0) < 0 && errno == EBADF;
  // ADDFD with SEND came in 5.14, one release after Landlock; openat2 and pidfd_getfd are older. The release tells.
  utsname system{};
  int major = 0;
  int minor = 0;
  if (uname(&system) == 0) sscanf(system.release, "%d.%d", &major, &minor);
  offer.addfd_send = major > 5 || (major == 5 && minor >= 14);
  offer.sync_wake_up = major > 6 || (major == 6 && minor >= 6);
#ifdef BELLJAR_WITHOUT_SYNC_WAKE
  offer.sync_wake_up = false;
#endif
  offer.memory_seal = try_memory_seal();
  return offer;
}

[[noreturn]] void refuse_command(const Run& run, const std::string& command, int error) {
  bool missing = error == ENOENT || error == ENOTDIR;
  refuse({missing ? "command-not-found" : "command-not-executable",
          "The command \"" + command + "\" " + (missing ? "was not found." : "cannot be executed."),
          missing ? "It was looked for on the client's PATH and in the usual places of version managers." : "",
          missing ? exit_not_found : exit_not_executable},
         run.plan.server);
}

// What a terminal starts in the server's place. A level that restricts nothing has no inside that could be looked at.
void find_instead(Run& run, const std::string& path_variable) {
  if (!run.contained) refuse({"not-contained", "At the level watch nothing is restricted, so there is no inside to open a terminal in.", "", exit_refused}, run.plan.server);
  if (isatty(0) == 0) refuse({"no-terminal", "A terminal was asked for, and standard input is none.", "", exit_refused}, run.plan.server);
  std::string found_in;
  int error = 0;
  run.instead_program = find_program(run.request.instead.front(), run.launch.cwd, path_variable, run.plan.home, found_in, error);
  if (run.instead_program.empty()) refuse_command(run, run.request.instead.front(), error);
}

}  // namespace

void launch(const Request& request) {
  Run run(request);
  run.started = now_nanoseconds();
  // The client, before anything takes time: when it ends, so does the run.
  int client = getppid();
  Descriptor client_pidfd(client > 1 ? static_cast<int>(syscall(number::pidfd_open, client, 0)) : -1);
  if (getppid() != client) _exit(exit_refused);

  run.records.prepare();
  int error = drop_capabilities();
  if (error != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    refuse({"privileges", std::string("Rights could not be dropped (capset): ") + strerror(error != 0 ? error : errno) + ".", "", exit_refused}, request.server);
  }
  run.plan = load_plan(request, run.plan_bytes);
  run.records.begin(run.plan.files_unseen);
  run.contained = run.plan.level != Level::watch;
  run.offer = quick_offer();
  require_offer(run);

  Environment environment = Environment::from_plan(run.plan, environ);
  std::vector<std::string> command_line = pinned_command(run.plan, request.command);
  run.launch.command = command_line[0];
  run.launch.args.assign(command_line.begin() + 1, command_line.end());
  run.launch.cwd = current_folder();
  if (run.launch.cwd.empty() || run.launch.cwd[0] != '/') {
    refuse({"no-folder", std::string("The folder the client starts the server in cannot be used: ") + strerror(errno) + ".", "", exit_refused}, run.plan.server);
  }
  // The PATH that the client gave counts, also where the plan passes no PATH on.
  const char* inherited_path = getenv("PATH");
  std::string path_variable(environment.has("PATH") ? environment.get("PATH") : std::string_view(inherited_path != nullptr ? inherited_path : "/usr/local/bin:/usr/bin:/bin"));
  std::string found_in;
  run.launch.program = find_program(run.launch.command, run.launch.cwd, path_variable, run.plan.home, found_in, error);
  if (run.launch.program.empty()) refuse_command(run, run.launch.command, error);
  if (!run.request.terminal.empty()) find_instead(run, path_variable);
  std::vector<std::string> not_applied;
  Refusal no_secret;
  // What a person types into a terminal needs none of the server's secrets, so they stay where they are.
  if (run.request.terminal.empty() && !run.secrets.read(run.plan, run.launch.args, environment, not_applied, no_secret)) refuse(no_secret, run.plan.server);

  if (!found_in.empty()) path_variable += ":" + found_in;
  if (!run.plan.pinned.program.empty()) path_variable = pinned_path(run.plan, path_variable);
  if (environment.has("PATH")) environment.set("PATH", path_variable);
  if (run.contained && npm_family(base_name(run.launch.command))) {
    // Without these npm asks the registry first and waits in its retries for more than a minute when it cannot.
    for (const auto& [name, value] : {std::pair{"npm_config_prefer_offline", "true"}, {"npm_config_update_notifier", "false"},
                                      {"npm_config_fund", "false"}, {"npm_config_audit", "false"}, {"npm_config_logs_max", "0"}}) {
      if (!environment.has(name)) environment.set(name, value);
    }
  }

  run.shared = static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (run.shared == MAP_FAILED) refuse({"memory", "There is not enough memory.", "", exit_refused}, run.plan.server);
  new (run.shared) Shared();

  prepare_network(run, environment, not_applied);

  // The spool file: its folder is made and owned by Belljar; nothing else may stand there under the run's name.
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char stamp[32];
  strftime(stamp, sizeof stamp, "%Y%m%dt%H%M%S", &utc);
  run.id = std::string(stamp) + "-" + random_name(8);
  Descriptor spool_folder(open(run.plan.spool.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  if (!spool_folder || fstat(spool_folder.get(), &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 022) != 0) {
    refuse({"spool", "Events cannot be recorded: " + run.plan.spool + " is not a folder of yours alone.", "See: belljar doctor --repair", exit_refused}, run.plan.server);
  }
  std::string spool_name = run.id + ".jsonl";
  run.spool_fd = openat(spool_folder.get(), spool_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (run.spool_fd < 0) {
    refuse({"spool", "Events cannot be recorded in " + run.plan.spool + ": " + strerror(errno) + ".", "See: belljar doctor --repair", exit_refused}, run.plan.server);
  }
  flock(run.spool_fd, LOCK_EX | LOCK_NB);

  Places places;
  std::vector<std::string> sockets;
  LinkDoor links;
  Descriptor secret_files;
  AskDoor asks;
  PlanWatch plans;
  PlanWatch::Started started_with;
  SettingDoor settings;
  if (run.contained) {
    // The run's own folder lies in Belljar's: no server can ever be granted the folder above it, so nobody can put something
    // else in its place, and no grant of a common folder such as /tmp reaches it.
    // Made and locked under another name first, so that no other start takes it for one that a killed run left behind.
    std::string random = random_name(8);
    std::string making = std::string(new_folder_prefix) + random;
    run.folder_name = std::string(run_folder_prefix) + random;
    Descriptor own_folder = make_own_folder(spool_folder.get(), making.c_str());
    bool locked = own_folder && flock(own_folder.get(), LOCK_SH | LOCK_NB) == 0;
    Descriptor tmp = locked ? make_own_folder(own_folder.get(), "tmp") : Descriptor();
    Descriptor shm = locked ? make_own_folder(own_folder.get(), "shm") : Descriptor();
    if (shm && run.secrets.has_files()) secret_files = make_own_folder(own_folder.get(), "secrets");
    if (!tmp || !shm || renameat(spool_folder.get(), making.c_str(), spool_folder.get(), run.folder_name.c_str()) != 0) {
      refuse({"temporary-folder", "The run's own temporary folder could not be made in " + run.plan.spool + ": " + strerror(errno) + ".", "See: belljar doctor --repair", exit_refused}, run.plan.server);
    }
    Descriptor link_programs;
    std::string no_links;
    if (run.plan.ask_links || !run.plan.links.empty()) {
      link_programs = open_link_programs(path_variable, environment);
      // Only a server that opens links misses it, so it starts all the same; its run's first event says so.
      if (!link_programs || !links.open(own_folder.get(), run.plan, run.id)) {
        no_links = errno_text("links: the programs that open them, or the door for them, could not be made");
        links = LinkDoor{};
      }
    }
    if (run.plan.ask_access && !asks.open(run.plan, run.id)) {
      refuse({"ask-door", errno_text("The way to ask for refused accesses could not be made (socketpair"), "", exit_refused}, run.plan.server);
    }
    if (!settings.open()) {
      refuse({"setting-door", errno_text("The way to open settings of processes could not be made (socketpair"), "", exit_refused}, run.plan.server);
    }
    // The lock is held by guardian and supervisor until both are gone; the server never inherits it.
    own_folder.release();
    run.private_tmp = path_of(tmp.get());
    run.private_shm = path_of(shm.get());
    for (const char* variable : {"TMPDIR", "TMP", "TEMP"}) environment.set(variable, run.private_tmp);
    if (npm_family(base_name(run.launch.command))) {
      std::string cache(environment.get("npm_config_cache"));
      if (cache.empty()) cache = run.plan.home + "/.npm";
      std::string registry(environment.get("npm_config_registry"));
      if (registry.empty()) registry = npm_registry(run.plan.home);
      else if (registry.back() != '/') registry.push_back('/');
      make_npm_cache(run.private_tmp + "/npm-cache", cache, run.launch.args, registry);
      environment.set("npm_config_cache", run.private_tmp + "/npm-cache");
    }

    std::string_view command = base_name(run.launch.command);
    if (command == "uvx" || command == "uv") {
      auto place = [&](const char* own, const char* general, const char* usual, const char* below) {
        if (environment.has(own)) return std::string(environment.get(own));
        std::string base(environment.get(general));
        return (base.empty() ? run.plan.home + usual : base) + below;
      };
      make_uv_cache(run.private_tmp + "/uv", place("UV_CACHE_DIR", "XDG_CACHE_HOME", "/.cache", "/uv"),
                    place("UV_TOOL_DIR", "XDG_DATA_HOME", "/.local/share", "/uv/tools"));
      environment.set("UV_CACHE_DIR", run.private_tmp + "/uv/cache");
      environment.set("UV_TOOL_DIR", run.private_tmp + "/uv/tools");
    }

    std::vector<std::string> own = {run.plan.spool};
    // <state>/belljar/spool: logs and history lie beside it.
    std::string_view above = parent_of(run.plan.spool);
    if (base_name(above) == "belljar") own.emplace_back(above);
    // Plans and the journal; not what merely lies around a launcher that is tried where it was built.
    const std::string& data = own_data_folder();
    if (base_name(parent_of(own_program())) == "bin" && access((data + "/plans").c_str(), F_OK) == 0) own.push_back(data);
    PlaceResolver resolver(run.plan, run.launch, own, path_variable);
    resolver.add_opened(Access::own, std::move(tmp), "private temporary folder", false);
    resolver.add_opened(Access::own, std::move(shm), "private shared memory", false);
    if (link_programs) {
      resolver.add_opened(Access::exec, std::move(link_programs), "programs that open links", false);
      resolver.add_opened(Access::exec, Descriptor(open("/proc/self/exe", O_PATH | O_CLOEXEC)), "programs that open links", false);
    }
    if (secret_files) resolver.add_opened(Access::read, Descriptor(fcntl(secret_files.get(), F_DUPFD_CLOEXEC, 3)), "secrets given as files", false);
    resolver.add_rules();
    places = resolver.take();
    if (run.plan.level == Level::strict && run.offer.landlock_abi < 5) leave_out_devices(places);
    if (plans.prepare()) {
      for (const Grant& grant : places.grants) {
        if (grant.area) (grant.access == Access::write ? started_with.writable_areas : started_with.areas).push_back(grant.path);
      }
      started_with.plan_file = request.plan_file;
      started_with.run = run.id;
      started_with.server = request.server;
      started_with.command_line = request.command;
      started_with.plan = run.plan;
      started_with.bytes = run.plan_bytes;
      started_with.launch = run.launch;
      started_with.own_folders = own;
      started_with.path_variable = path_variable;
      started_with.landlock_abi = run.offer.landlock_abi;
    }
    if (!no_links.empty()) places.not_applied.push_back(no_links);
    sockets = find_sockets(run.plan, resolver, places.not_applied);
  }

  places.not_applied.insert(places.not_applied.end(), not_applied.begin(), not_applied.end());

  if (run.contained) {
    run.resources = resources_of(run.plan);
    run.group = RunGroup::make(run.id, run.resources.memory, run.resources.processes);
  }

  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    refuse({"subreaper-failed", errno_text("prctl PR_SET_CHILD_SUBREAPER"), "", exit_refused}, run.plan.server);
  }
  sigset_t handled;
  sigemptyset(&handled);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGCHLD}) sigaddset(&handled, signal);
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  int signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  run.guardian = getpid();
  int started[2];
  if (pipe2(started, O_CLOEXEC) == 0) {
    run.started_read = started[0];
    run.started_write = started[1];
  }
  // As late as can be: what is refused before leaves no value behind.
  if (!run.contained) {
    run.secrets.name_stored(environment);
  } else if (run.secrets.has_files() && !(secret_files && run.secrets.write_files(secret_files.get(), path_of(secret_files.get()), environment))) {
    std::string sentence = errno_text("A file for a secret could not be written into the run's own folder (openat") + ").";
    remove_tree(spool_folder.get(), run.folder_name.c_str());
    refuse({"secret-file", sentence, "See: belljar doctor --repair", exit_refused}, run.plan.server);
  }
  secret_files.reset();
  pid_t supervisor = signals >= 0 ? fork() : -1;
  if (supervisor < 0) {
    if (!run.folder_name.empty()) remove_tree(spool_folder.get(), run.folder_name.c_str());
    run.group.remove();
    refuse({"fork-failed", errno_text("fork"), "", exit_refused}, run.plan.server);
  }
  if (supervisor == 0) {
    close(signals);
    close(run.started_read);
    client_pidfd.reset();
    supervise(run, std::move(places), std::move(sockets), std::move(environment), std::move(links), std::move(asks), plans.take_supervisor_end(), settings.take_supervisor_end());
  }
  // Before the network process is made, which begins as a copy of this one.
  run.secrets.wipe();
  run.records = KernelRecords{};
  places = Places{};
  links.take_notes();
  asks.take_supervisor_end();
  settings.take_supervisor_end();
  close(run.started_write);
  start_network_process(run);
  // House-keeping of earlier runs, while the server starts.
  prune_spool(spool_folder.get());
  remove_stale_folders(spool_folder.get());
  if (run.contained) plans.begin(std::move(started_with));
  guard(run, supervisor, client_pidfd.get(), signals, spool_folder.get(), links, asks, plans, settings);
}

int print_probe() {
  KernelRecords records;
  records.prepare();
  records.begin(true);
  Offer offer = probe_kernel();
  RunGroup group = RunGroup::make("probe-" + random_name(8), 1ULL << 30, 64);
  offer.group_memory = group.bounds_memory();
  offer.group_processes = group.bounds_processes();
  offer.group_missing = group.missing();
  group.remove();
  utsname system{};
  uname(&system);
  std::string out = "{\"v\":1,\"launcher\":";
  append_json_string(out, BELLJAR_VERSION);
  out += ",\"system\":\"linux\",\"kernel\":";
  append_json_string(out, system.release);
  out += ",\"architecture\":";
  append_json_string(out, system.machine);
  auto flag = [&out](const char* name, bool value) { out += std::string(",\"") + name + "\":" + (value ? "true" : "false"); };
  out += ",\"landlockAbi\":" + std::to_string(offer.landlock_abi);
  flag("seccompFilter", offer.filter);
  flag("seccompNotify", offer.notify);
  flag("notifyAddfd", offer.addfd_send);
  flag("notifySyncWake", offer.sync_wake_up);
  flag("pidfdGetfd", offer.pidfd_getfd);
  flag("userNamespaces", offer.user_namespaces);
  flag("groupMemory", offer.group_memory);
  flag("groupProcesses", offer.group_processes);
  out += ",\"enforcement\":" + enforcement_json(enforcement_of(offer, Level::standard, false));
  if (records.is_installed()) {
    out += ",\"records\":";
    append_json_string(out, records.come() ? "come" : records.missing());
  }
  out += "}\n";
  return fwrite(out.data(), 1, out.size(), stdout) == out.size() && fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace belljar
