#include "supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "../core/text.hpp"
#include "kernel.hpp"
#include "setting-door.hpp"

namespace belljar {

namespace {

// A record that waits for another waits 100 ms (core/audit-record.cpp), and the kernel's own thread hands them out.
constexpr int records_wait_ms = 200, records_wait_most_ms = 2000;

}  // namespace

const char* error_name(int error) {
  switch (error) {
    case EPERM:
      return "EPERM";
    case EACCES:
      return "EACCES";
    case ENOSYS:
      return "ENOSYS";
    case EOPNOTSUPP:
      return "EOPNOTSUPP";
    case ENOPROTOOPT:
      return "ENOPROTOOPT";
    case EAFNOSUPPORT:
      return "EAFNOSUPPORT";
    case EXDEV:
      return "EXDEV";
    case EBUSY:
      return "EBUSY";
    case EFAULT:
      return "EFAULT";
    case EMFILE:
      return "EMFILE";
    default:
      return "EACCES";
  }
}

std::string program_of(int process) {
  char link[40];
  snprintf(link, sizeof link, "/proc/%d/exe", process);
  char buffer[PATH_MAX];
  ssize_t n = readlink(link, buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

Supervisor::Supervisor(Settings settings, std::vector<Grant> grants, Spool& spool, int listener)
    : settings_(std::move(settings)),
      grants_(std::move(grants)),
      spool_(spool),
      listener_(listener),
      self_(getpid()),
      calls_(calls_for({.contained = settings_.contained,
                        .datagrams = settings_.network.datagrams,
                        .nested = settings_.nested_sandbox,
                        .counted = settings_.processes != 0,
                        .asks = settings_.asks,
                        .borrows = settings_.borrows,
                        .files_unseen = settings_.files_unseen,
                        .relayed = settings_.network.network == Network::hosts})),
      by_number_(static_cast<size_t>(number::newest_known) + 1, nullptr),
      folders_(1024),
      files_(1024),
      tasks_(self_, settings_.processes),
      network_(std::move(settings_.network_process), std::move(settings_.holes), settings_.network),
      resolver_users_(512),
      pending_wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      handing_(listener, settings_.sync_wake_up) {
  for (const CallRule& rule : calls_) {
    if (rule.nr >= 0 && rule.nr <= number::newest_known) by_number_[static_cast<size_t>(rule.nr)] = &rule;
  }
  std::vector<Area> areas;
  for (const Grant& grant : grants_) {
    if (grant.area) {
      areas.push_back({grant.path, grant.access == Access::write, false});
      continue;
    }
    uint64_t rights = rights_of(grant.access, grant.folder, grant.device, settings_.landlock_abi);
    auto same = std::find_if(object_rights_.begin(), object_rights_.end(),
                             [&grant](const ObjectRight& one) { return one.dev == grant.dev && one.ino == grant.ino; });
    if (same == object_rights_.end()) object_rights_.push_back({grant.dev, grant.ino, rights});
    else same->rights |= rights;
    path_rights_.emplace_back(grant.path, rights);
  }
  areas_ = AreaRules(std::move(areas), settings_.patterns);
  struct stat proc{};
  if (stat("/proc", &proc) == 0) proc_device_ = proc.st_dev;
  started_names_ = settings_.network.hosts.full_names();
  kernel_tells_.store(settings_.records.descriptor() >= 0);
  if (!settings_.private_shm.empty()) {
    shm_folder_ = Descriptor(open(settings_.private_shm.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  }
}

bool Supervisor::still_valid(uint64_t id) const { return ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

void Supervisor::record(Target& target, const char* kind, std::string text, bool refused, int error, const char* by) {
  // What is told by the kernel itself is not told twice.
  if (refused && kernel_tells_.load(std::memory_order_relaxed) && std::string_view(by) == "predicted" && std::string_view(kind).starts_with("file.")) return;
  record_of(target.process(), kind, std::move(text), refused, error, by);
}

void Supervisor::record_of(int process, const char* kind, std::string text, bool refused, int error, const char* by) {
  Observation observation;
  observation.kind = kind;
  observation.target = std::move(text);
  observation.refused = refused;
  observation.by = by;
  observation.error = refused ? error_name(error) : nullptr;
  observation.pid = process;
  spool_.observe(std::move(observation), program_of);
}

Supervisor::Answer Supervisor::refuse(Target& target, const char* kind, std::string text, int error) {
  record(target, kind, std::move(text), true, error, "broker");
  return {false, error, 0, false};
}

// What an argument could not be read for: the caller's own mistake is the kernel's to tell; a program that hides its memory
// from us (one that may be executed but not read) gets nothing that we cannot look at.
Supervisor::Answer Supervisor::unreadable(Target& target, const char* kind, int error) {
  // EFAULT is also what a page gives that the kernel may read and we may not (write-only, secret memory): seen, and refused.
  bool odd = error == EPERM || error == EFAULT;
  if (!settings_.contained) {
    if (odd) record(target, kind, "(unreadable)", false, 0, "predicted");
    return {};
  }
  if (error == EPERM) return refuse(target, kind, "(hidden by the program)", EACCES);
  if (error == EFAULT) return refuse(target, kind, "(unreadable)", EFAULT);
  return {false, error, 0, false};
}

// Every descendant of the supervisor belongs to the run: orphans are given to it, not to init.
bool Supervisor::in_run(int process) const { return descends_from(process, self_); }

bool Supervisor::names_own(const Target& target, int process) const {
  return (settings_.nested_sandbox && target.is_apart(Apart::processes, false)) || in_run(process);
}

bool Supervisor::names_own_group(const Target& target, int group) const {
  return (settings_.nested_sandbox && target.is_apart(Apart::processes, false)) || group_in_run(group);
}

bool Supervisor::group_in_run(int group) const {
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return false;
  bool all = true;
  bool any = false;
  while (dirent* entry = readdir(folder)) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    char name[300];
    snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
    Descriptor fd(open(name, O_RDONLY | O_CLOEXEC));
    char text[1024];
    ssize_t n = fd ? read(fd.get(), text, sizeof text - 1) : -1;
    if (n <= 0) continue;
    text[n] = '\0';
    // pid (comm) state ppid pgrp: comm may hold anything, so from the last parenthesis.
    const char* after = strrchr(text, ')');
    int parent = 0;
    int its_group = 0;
    char state = 0;
    if (after == nullptr || sscanf(after + 1, " %c %d %d", &state, &parent, &its_group) != 3) continue;
    if (its_group != group) continue;
    any = true;
    all = all && in_run(atoi(entry->d_name));
  }
  closedir(folder);
  return any && all;
}

void Supervisor::answer(const seccomp_notif& request, const Answer& answer) {
  if (answer.deferred) return;
  handing_.answer(request.id, static_cast<int>(request.pid), answer.go_on, answer.error, answer.value);
}

void Supervisor::serve() {
  seccomp_notif_sizes sizes{};
  syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
  std::vector<unsigned char> buffer(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)) + 64);
  seccomp_notif* request = reinterpret_cast<seccomp_notif*>(buffer.data());
  while (true) {
    memset(buffer.data(), 0, buffer.size());
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, request) != 0) {
      // ENOENT: the caller died meanwhile, or nobody is left who could call; only the latter hangs the listener up.
      int error = errno;
      pollfd state{listener_, 0, 0};
      bool callers_left = poll(&state, 1, 0) == 0 || (state.revents & POLLHUP) == 0;
      if (error == EINTR || (error == ENOENT && callers_left)) continue;
      // Nobody can be served any more; the housekeeping thread ends the run when the server ends.
      pause();
      continue;
    }
    serve_call(*request);
  }
}

void Supervisor::serve_call(const seccomp_notif& request) {
  Target target(static_cast<int>(request.pid), self_);
  current_id_ = request.id;
  handing_.meet(target.thread());
  if (has_new_rules_.load(std::memory_order_acquire)) take_up_rules();
  other_root_ = roots_differ_ && target.is_apart(Apart::root, true);
  if (other_root_) target.use_own_root();
  answer(request, decide(request, target));
}

namespace {

constexpr uint64_t page_bytes = 4096;

// What openat2 takes: the kernel answers EINVAL for everything else.
bool understood(const uint64_t (&how)[3]) {
  constexpr uint64_t open_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | 0100000 /* O_LARGEFILE */ |
                                  O_TMPFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH;
  constexpr uint64_t resolve_flags = 0x3f;
  bool makes = (how[0] & O_CREAT) != 0 || (how[0] & O_TMPFILE) == O_TMPFILE;
  return (how[0] & ~open_flags) == 0 && (how[1] & ~(makes ? 07777ull : 0)) == 0 && (how[2] & ~resolve_flags) == 0;
}

// True where a larger argument says something that is not known here.
bool has_more(Target& target, uint64_t address, uint64_t size) {
  uint8_t bytes[page_bytes];
  int error = 0;
  if (size == 0) return false;
  if (!target.bytes_at(address, bytes, size, error)) return true;
  return std::any_of(bytes, bytes + size, [](uint8_t byte) { return byte != 0; });
}

}  // namespace

Supervisor::Answer Supervisor::decide(const seccomp_notif& request, Target& target) {
  const seccomp_data& data = request.data;
  const __u64* args = data.args;
  const CallRule* rule = data.nr >= 0 && data.nr <= number::newest_known ? by_number_[static_cast<size_t>(data.nr)] : nullptr;
  if (data.arch != native_audit_arch || rule == nullptr) {
    return refuse(target, "syscall", "foreign system call " + std::to_string(data.nr), ENOSYS);
  }
  auto at = [args](int index) { return static_cast<int>(args[index]); };
  constexpr int here = AT_FDCWD;
  switch (rule->action) {
    case Action::openat:
      return observe_open(target, at(0), args[1], static_cast<uint32_t>(args[2]), args[3], 0);
    case Action::open:
      return observe_open(target, here, args[0], static_cast<uint32_t>(args[1]), args[2], 0);
    case Action::creat:
      return observe_open(target, here, args[0], O_CREAT | O_WRONLY | O_TRUNC, args[1], 0);
    case Action::openat2: {
      uint64_t how[3] = {};
      int error = 0;
      // What it opens for stands in memory that another thread may change after this look. Landlock decides by itself from ABI 5 on;
      // before, some of it would be up to us alone, so the call does not exist. Programs that know it fall back to openat.
      if (settings_.contained && settings_.landlock_abi < 5) return {false, ENOSYS, 0, false};
      if (args[3] < sizeof how || args[3] > page_bytes) return {};  // EINVAL, E2BIG
      if (!target.bytes_at(args[2], how, sizeof how, error)) return unreadable(target, "file.read", error);
      if (!understood(how) || has_more(target, args[2] + sizeof how, args[3] - sizeof how)) return {};
      return observe_open(target, at(0), args[1], how[0], how[1], how[2]);
    }
    case Action::exec:
      return observe_exec(target, here, args[0], 0);
    case Action::execat:
      return observe_exec(target, at(0), args[1], args[4]);
    case Action::make_folder:
      return observe_make(target, here, args[0], right_make_folder, {.kind = AreaCall::Kind::make_folder, .mode = args[1]});
    case Action::make_folder_at:
      return observe_make(target, at(0), args[1], right_make_folder, {.kind = AreaCall::Kind::make_folder, .mode = args[2]});
    case Action::make_link:
      return observe_make(target, here, args[1], right_make_symlink, {.kind = AreaCall::Kind::make_link}, args[0]);
    case Action::make_link_at:
      return observe_make(target, at(1), args[2], right_make_symlink, {.kind = AreaCall::Kind::make_link}, args[0]);
    case Action::make_node:
    case Action::make_node_at: {
      bool plain = rule->action == Action::make_node;
      uint32_t mode = static_cast<uint32_t>(args[plain ? 1 : 2]);
      uint64_t right = S_ISCHR(mode)    ? right_make_char
                       : S_ISBLK(mode)  ? right_make_block
                       : S_ISFIFO(mode) ? right_make_fifo
                       : S_ISSOCK(mode) ? right_make_socket
                                        : right_make_file;
      if (settings_.contained && (mode & 06000) != 0) return refuse(target, "file.attr", "mknod with set-user-id", EPERM);
      AreaCall call{.kind = AreaCall::Kind::make_node, .mode = S_ISREG(mode) || (mode & S_IFMT) != 0 ? mode : mode | S_IFREG, .device = args[plain ? 2 : 3]};
      return observe_make(target, plain ? here : at(0), args[plain ? 0 : 1], right, std::move(call));
    }
    case Action::remove_folder:
      return observe_remove(target, here, args[0], true);
    case Action::remove:
      return observe_remove(target, here, args[0], false);
    case Action::remove_at:
      if ((args[2] & ~static_cast<__u64>(AT_REMOVEDIR) & UINT32_MAX) != 0) return {};  // EINVAL
      return observe_remove(target, at(0), args[1], (args[2] & AT_REMOVEDIR) != 0);
    case Action::rename:
      return observe_rename(target, here, args[0], here, args[1], 0);
    case Action::rename_at:
      return observe_rename(target, at(0), args[1], at(2), args[3], data.nr == SYS_renameat2 ? args[4] : 0);
    case Action::link:
      return observe_link(target, here, args[0], here, args[1], 0);
    case Action::link_at:
      return observe_link(target, at(0), args[1], at(2), args[3], args[4]);
    case Action::truncate:
    case Action::chmod:
    case Action::chmod_fd:
    case Action::chmod_at:
    case Action::chown:
    case Action::chown_link:
    case Action::chown_fd:
    case Action::chown_at:
    case Action::utime:
    case Action::utimes:
    case Action::utimes_at:
    case Action::utimens_at:
    case Action::set_attribute:
    case Action::set_attribute_link:
    case Action::set_attribute_fd:
    case Action::remove_attribute:
    case Action::remove_attribute_link:
    case Action::remove_attribute_fd:
      return change_attributes(request, target, rule->action);
    case Action::watch:
      return add_watch(target, at(0), args[1], static_cast<uint32_t>(args[2]));
    case Action::bind:
      return observe_bind(target, at(0), args[1], args[2]);
    case Action::memory_file:
      return make_memory_file(target, args[0], static_cast<uint32_t>(args[1]));
    case Action::connect:
      return do_connect(target, at(0), args[1], args[2]);
    case Action::listen:
      return do_listen(target, at(0), at(1));
    case Action::send_to:
      return settings_.contained ? do_send_to(target, args) : watch_send(target, request);
    case Action::send_message:
      return settings_.contained ? do_send_message(target, request) : watch_send(target, request);
    case Action::socket_error:
      take_in_network();
      return {};
    case Action::write:
      return settings_.contained ? see_output(target, request) : watch_send(target, request);
    case Action::signal_process:
    case Action::signal_thread:
    case Action::signal_pidfd:
      return decide_signal(target, request, rule->action);
    case Action::other_process:
    case Action::priority:
      return decide_priority(target, request, data.nr);
    case Action::socket:
      return decide_socket(target, request);
    case Action::shm_get:
    case Action::shm_use:
      return decide_shm(target, request, rule->action);
    case Action::copy_output:
      return copy_output(target, false, 0);
    case Action::owner:
      return decide_owner(target, request);
    case Action::affinity:
      return {};  // what was borrowed for an earlier answer has been given back by now
    case Action::new_process:
      return decide_process(target);
    case Action::new_namespace:
    case Action::change_root:
      return decide_namespace(target, request, *rule);
    case Action::interface_command:
      if (is_interface_command(static_cast<uint32_t>(args[1])) && !target.is_apart(Apart::users, true)) return {};
      return refuse(target, "syscall", rule->name, rule->error);
    case Action::refuse:
      return refuse(target, "syscall", rule->name, rule->error);
  }
  return refuse(target, "syscall", rule->name, EPERM);
}

size_t Supervisor::poll_pending(int timeout_ms, int signals) {
  std::vector<pollfd> waits;
  std::vector<uint64_t> ids;
  waits.push_back({signals, POLLIN, 0});
  waits.push_back({pending_wake_.get(), POLLIN, 0});
  waits.push_back({network_.socket(), static_cast<short>(network_.behind() ? POLLIN | POLLOUT : POLLIN), 0});
  waits.push_back({settings_.link_notes.get(), POLLIN, 0});
  waits.push_back({settings_.ask_channel.get(), POLLIN, 0});
  waits.push_back({settings_.plan_changes.get(), POLLIN, 0});
  waits.push_back({settings_.records.descriptor(), POLLIN, 0});
  const size_t fixed = waits.size();
  if (finish_opens()) timeout_ms = std::min(timeout_ms, tries_every_ms);
  {
    std::lock_guard lock(pending_mutex_);
    for (const PendingConnect& one : pending_) {
      waits.push_back({one.socket.get(), POLLOUT, 0});
      ids.push_back(one.id);
    }
    for (const PendingSend& one : pending_sends_) waits.push_back({one.socket.get(), POLLOUT, 0});
  }
  poll(waits.data(), waits.size(), timeout_ms);
  uint64_t added = 0;
  if ((waits[1].revents & POLLIN) != 0 && read(pending_wake_.get(), &added, sizeof added) < 0) added = 0;
  if ((waits[2].revents & POLLOUT) != 0) network_.catch_up();
  if ((waits[2].revents & ~POLLOUT) != 0) take_in_network();
  settle_watched(false);
  if ((waits[3].revents & POLLIN) != 0) write_link_notes();
  if ((waits[4].revents & POLLIN) != 0) take_answers();
  end_held(false);
  if (waits[5].revents != 0) take_in_plans();
  if (waits[6].revents != 0) take_in_records();
  finish_opens();
  std::lock_guard lock(pending_mutex_);
  finish_sends();
  for (size_t i = fixed; i < fixed + ids.size(); i++) {
    auto found = std::find_if(pending_.begin(), pending_.end(), [&](const PendingConnect& one) { return one.id == ids[i - fixed]; });
    if (found == pending_.end()) continue;
    bool ready = (waits[i].revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
    if (!ready && still_valid(found->id)) continue;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(found->socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 && found->local.port != 0) {
      take_in_network();
      int told = network_.failure_of(found->local);
      if (told != 0) error = told;
    }
    fcntl(found->socket.get(), F_SETFL, found->flags);
    seccomp_notif_resp response{};
    response.id = found->id;
    response.error = -error;
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
    pending_.erase(found);
  }
  return pending_.size() + pending_sends_.size();
}

void Supervisor::take_in_records() {
  RecordsHeard heard = settings_.records.hear();
  for (const RefusedFile& one : heard.refused) {
    const char* kind = refused_kind(one.blockers);
    if (kind == nullptr) continue;
    record_of(one.process != 0 ? static_cast<int>(one.process) : settings_.server, kind, refused_target(one), true, one.error != 0 ? static_cast<int>(one.error) : EACCES, "kernel");
  }
  if (heard.lost > 0 || heard.over) spool_.left_out(std::max<uint64_t>(heard.lost, 1));
  if (heard.over) kernel_tells_.store(false);
}

void Supervisor::finish_records() {
  for (int waited = 0; settings_.records.descriptor() >= 0 && waited < records_wait_most_ms; waited += records_wait_ms) {
    pollfd wait{settings_.records.descriptor(), POLLIN, 0};
    if (poll(&wait, 1, records_wait_ms) == 0) return;
    take_in_records();
  }
}

void Supervisor::clean_up() {
  for (int segment : segments_) shmctl(segment, IPC_RMID, nullptr);
}

}  // namespace belljar
