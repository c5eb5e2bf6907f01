// The supervisor's part of Ask: a refused open or connect may wait for a person. It holds the stopped call and goes on serving
// others; what the guardian answers is carried out on the supervisor's own copy of what was asked, by the housekeeping thread.
//
// Nothing waits before the server has answered its client's `initialize`, seen as a write to the client's own pipe. Refused,
// or nobody answers: the call ends as it would have without Ask, a file by the kernel itself.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "../core/ask-budget.hpp"
#include "../core/text.hpp"
#include "kernel.hpp"
#include "packets.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

// A little more than the guardian's own patience: without it, or its answer, the call is refused all the same.
constexpr int64_t held_longest_ms = ask_wait_ms + 1'000;
constexpr size_t output_looked_at = 65'536;
constexpr std::string_view initialize_mark = "\"protocolVersion\"";

int64_t boot_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// What the kernel would take away of a new file's mode.
uint32_t umask_of(int thread) {
  TaskStatus status(thread);
  const char* mask = status.after("\nUmask:");
  return mask != nullptr ? static_cast<uint32_t>(strtoul(mask, nullptr, 8)) & 0777 : 0777;
}

AskMessage message_about(AskKind kind, std::string_view text, uint32_t port) {
  AskMessage message{};
  message.kind = kind;
  message.port = port;
  message.length = static_cast<uint32_t>(text.size());
  memcpy(message.text, text.data(), std::min(text.size(), sizeof message.text));
  return message;
}

}  // namespace

// Every write to the first output is stopped for this, and let go on: the only sign of the answer that there is while the
// client's pipe is the server's alone. A program of the run with another output there is told by the pipe's identity.
Supervisor::Answer Supervisor::see_output(Target& target, const seccomp_notif& request) {
  if (replied_.load(std::memory_order_relaxed)) return {};
  const __u64* args = request.data.args;
  if (!is_output(target, static_cast<int>(args[0]))) return {};
  iovec parts[4] = {{reinterpret_cast<void*>(args[1]), args[2]}, {}, {}, {}};
  size_t count = 1;
  int error = 0;
  if (request.data.nr == SYS_writev) {
    count = std::min<uint64_t>(args[2], 4);
    if (count > 0 && !target.bytes_at(args[1], parts, count * sizeof(iovec), error)) return {};
  }
  std::string text;
  for (size_t i = 0; i < count; i++) {
    size_t before = text.size();
    size_t size = std::min(parts[i].iov_len, output_looked_at - before);
    text.resize(before + size);
    if (size > 0 && !target.bytes_at(reinterpret_cast<uint64_t>(parts[i].iov_base), text.data() + before, size, error)) return {};
  }
  if (text.find(initialize_mark) != std::string::npos) replied_ = true;
  return {};
}

bool Supervisor::is_output(const Target& target, int fd) const {
  char link[40];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", target.thread(), fd);
  struct stat info{};
  return stat(link, &info) == 0 && info.st_ino == settings_.output_inode && info.st_dev == settings_.output_device;
}

// A server may answer through a copy of its output, to keep prints out of it. The copy is made here, under the number that the
// filter knows; where that cannot be, the kernel makes it, and the server is not asked about.
Supervisor::Answer Supervisor::copy_output(Target& target, bool close_on_exec, uint64_t least) {
  if (replied_.load(std::memory_order_relaxed) || least > output_copy_number || !is_output(target, 1)) return {};
  char link[40];
  snprintf(link, sizeof link, "/proc/%d/fd/%u", target.thread(), output_copy_number);
  struct stat info{};
  int error = 0;
  if (lstat(link, &info) == 0) return {};
  Descriptor copy = target.descriptor(1, error);
  if (!copy) return {};
  seccomp_notif_addfd add{};
  add.id = current_id_;
  add.flags = SECCOMP_ADDFD_FLAG_SEND | SECCOMP_ADDFD_FLAG_SETFD;
  add.srcfd = static_cast<uint32_t>(copy.get());
  add.newfd = output_copy_number;
  add.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
  return {true, 0, 0, ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0};
}

bool Supervisor::may_ask() const { return settings_.asks && replied_.load(std::memory_order_relaxed) && !other_root_; }

// False when it is refused at once: too much waits already, or the guardian is behind.
bool Supervisor::hold(HeldCall call, AskMessage message) {
  if (message.length > sizeof message.text) return false;
  std::lock_guard lock(held_mutex_);
  if (held_.size() >= calls_waiting_max) return false;
  call.number = ++last_held_;
  call.deadline = boot_milliseconds() + held_longest_ms;
  message.number = call.number;
  if (send(settings_.ask_channel.get(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(sizeof message)) return false;
  held_.push_back(std::move(call));
  return true;
}

bool Supervisor::ask_for_file(Target& target, const Resolved& found, uint64_t flags, uint64_t mode, const char* kind) {
  if (!may_ask() || found.special || found.guarded || found.path.empty()) return false;
  if (found.exists && !S_ISREG(found.mode) && !S_ISDIR(found.mode)) return false;
  if ((flags & O_TMPFILE) == O_TMPFILE) return false;
  if ((flags & (O_CREAT | O_TRUNC)) != 0 && !target.has_room()) return false;
  // What a person is asked for must be what stands there, and say what it is.
  if (lexical_path("/", found.path) != found.path) return false;
  bool writes = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY && !(found.exists && (flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY);
  AskMessage message = message_about(writes ? AskKind::write : AskKind::read, found.path, 0);
  message.flags = static_cast<uint32_t>(flags);
  if (!writes) message.flags &= ~static_cast<uint32_t>(O_CREAT);
  message.mode = (flags & O_CREAT) != 0 ? static_cast<uint32_t>(mode) & 0777 & ~umask_of(target.thread()) : 0;
  message.folder = found.exists && S_ISDIR(found.mode);
  HeldCall call;
  call.id = current_id_;
  call.process = target.process();
  call.kind = message.kind;
  call.event = kind;
  call.target = found.path;
  call.close_on_exec = (flags & O_CLOEXEC) != 0;
  return hold(std::move(call), message);
}

bool Supervisor::ask_for_connect(Target& target, Descriptor& socket, int domain, const Address& where, const ConnectVerdict& verdict,
                                 const sockaddr_storage& storage, size_t size) {
  if (!may_ask()) return false;
  AddressKind kind = kind_of(where);
  if (kind == AddressKind::internet) kind = route_kind(where);
  bool made_up = verdict.made_up;
  bool here = kind == AddressKind::loopback || kind == AddressKind::unspecified;
  bool internet = kind == AddressKind::internet;
  // Where machines hand out keys, and what is no single machine, is not asked for.
  if (!made_up && !here && !internet && kind != AddressKind::private_network && kind != AddressKind::own) return false;
  // A name counts only where it leads to the internet: a name server must not speak for this machine or its network.
  bool by_name = !verdict.name.empty() && (internet || made_up);
  AskMessage message = here && !made_up ? message_about(AskKind::local, {}, where.port)
                                        : message_about(AskKind::host, by_name ? verdict.name : host_text(where), where.port);
  if (where.port == 0) return false;
  if (by_name && !made_up) snprintf(message.address, sizeof message.address, "%s", address_text(where).c_str());
  HeldCall call;
  call.id = current_id_;
  call.process = target.process();
  call.kind = message.kind;
  call.event = "net.connect";
  call.target = by_name ? verdict.name + ":" + std::to_string(where.port) : address_text(where);
  call.address = by_name && !made_up ? address_text(where) : std::string();
  call.domain = domain;
  call.where = where;
  call.verdict = verdict;
  if (!by_name) call.verdict.name.clear();
  call.verdict.way = made_up ? ConnectVerdict::Way::by_name : by_name && network_.socket() >= 0 ? ConnectVerdict::Way::checked : ConnectVerdict::Way::direct;
  call.storage = storage;
  call.size = size;
  call.socket = Descriptor(fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  return call.socket && hold(std::move(call), message);
}

bool Supervisor::ask_for_socket(Target& target, const Descriptor& socket, const Resolved& found) {
  if (!may_ask() || !S_ISSOCK(found.mode) || found.special || lexical_path("/", found.path) != found.path) return false;
  HeldCall call;
  call.id = current_id_;
  call.process = target.process();
  call.kind = AskKind::socket;
  call.event = "unix.connect";
  call.target = found.path;
  call.socket = Descriptor(fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  call.object = Descriptor(fcntl(found.object.get(), F_DUPFD_CLOEXEC, 3));
  return call.socket && call.object && hold(std::move(call), message_about(AskKind::socket, found.path, 0));
}

// A name that no rule holds, which the network process keeps waiting.
void Supervisor::ask_for_name(const std::string& name, int process) {
  HeldCall call;
  call.process = process;
  call.kind = AskKind::host;
  call.event = "net.dns";
  call.target = name;
  bool ready = settings_.asks && replied_.load(std::memory_order_relaxed);
  if (!ready || !hold(std::move(call), message_about(AskKind::host, name, 0))) network_.tell_name(name, false, 0);
}

void Supervisor::respond(uint64_t id, const Answer& answer) {
  if (answer.deferred) return;
  seccomp_notif_resp response{};
  response.id = id;
  if (answer.go_on) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (answer.error != 0) response.error = -answer.error;
  else response.val = answer.value;
  ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void Supervisor::finish_held(HeldCall call, const AskAnswer& answer, Descriptor file) {
  bool is_file = call.kind == AskKind::read || call.kind == AskKind::write;
  auto seen = [&call](bool refused, bool asked) {
    Observation one;
    one.kind = call.event;
    one.target = call.target;
    one.address = call.address;
    one.refused = refused;
    one.asked = asked;
    one.by = "broker";
    one.error = refused ? "EACCES" : nullptr;
    one.pid = call.process;
    return one;
  };
  if (answer.asked != 0) spool_.observe(seen(false, true), program_of);
  if (call.id == 0) return network_.tell_name(call.target, answer.allowed != 0, answer.seconds);
  if (answer.allowed == 0) {
    Observation one = seen(true, false);
    // Landlock itself refuses, as it would have at once.
    if (is_file) one.by = "predicted";
    spool_.observe(std::move(one), program_of);
    return respond(call.id, is_file ? Answer{} : Answer{false, EACCES, 0, false});
  }
  if (!still_valid(call.id)) return;
  if (is_file) {
    if (!file) return respond(call.id, {false, answer.error != 0 ? answer.error : EACCES, 0, false});
    spool_.observe(seen(false, false), program_of);
    seccomp_notif_addfd add{};
    add.id = call.id;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    add.srcfd = static_cast<uint32_t>(file.get());
    add.newfd_flags = call.close_on_exec ? O_CLOEXEC : 0;
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0) respond(call.id, {false, errno == EMFILE ? EMFILE : EACCES, 0, false});
    return;
  }
  if (call.kind == AskKind::socket) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d", call.object.get());
    return respond(call.id, connect_granted(call.process, call.socket, to, sizeof to, call.target));
  }
  if (!call.verdict.name.empty()) network_.tell_name(call.verdict.name, true, answer.seconds);
  respond(call.id, begin_connect(call.id, call.process, std::move(call.socket), call.domain, call.verdict, call.where, call.storage, call.size));
}

void Supervisor::take_answers() {
  while (settings_.ask_channel) {
    AskAnswer answer{};
    Descriptor file;
    size_t size = 0;
    Received received = receive_packet(settings_.ask_channel.get(), &answer, sizeof answer, size, &file, 1, false);
    if (received != Received::packet || size != sizeof answer) return;
    HeldCall call;
    {
      std::lock_guard lock(held_mutex_);
      auto found = std::find_if(held_.begin(), held_.end(), [&answer](const HeldCall& one) { return one.number == answer.number; });
      if (found == held_.end()) continue;
      call = std::move(*found);
      held_.erase(found);
    }
    finish_held(std::move(call), answer, std::move(file));
  }
}

// Those whose caller is gone, or whose time is over; or all of them.
void Supervisor::end_held(bool all) {
  std::vector<HeldCall> over;
  {
    std::lock_guard lock(held_mutex_);
    if (held_.empty()) return;
    int64_t now = boot_milliseconds();
    for (size_t i = 0; i < held_.size();) {
      bool gone = held_[i].id != 0 && !still_valid(held_[i].id);
      if (!all && !gone && now < held_[i].deadline) {
        i++;
        continue;
      }
      AskMessage message{};
      message.step = AskMessage::Step::gone;
      message.number = held_[i].number;
      // Without it the guardian gives up by itself.
      if (send(settings_.ask_channel.get(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) errno = 0;
      over.push_back(std::move(held_[i]));
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  for (HeldCall& call : over) finish_held(std::move(call), AskAnswer{}, Descriptor());
}

void Supervisor::refuse_waiting() { end_held(true); }

}  // namespace belljar
