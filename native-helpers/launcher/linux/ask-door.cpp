#include "ask-door.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>

#include "../core/text.hpp"
#include "kernel.hpp"
#include "packets.hpp"

namespace belljar {

namespace {

constexpr size_t ask_questions_max = 4;
constexpr size_t calls_each_max = 8;
constexpr size_t grants_max = 256;
constexpr size_t rests_max = 256;
constexpr int64_t rest_ms = 60'000;
constexpr double askings_at_once = 100;
constexpr double askings_per_second = 20;
constexpr int64_t host_before_us_ms = 500;  // the host gives up first, and says so
constexpr int64_t slept_ms = 200;           // more than the two clocks can differ by reading them one after the other
constexpr uint32_t default_port = 443;      // of a name that is looked up, as in rules
// Windows onto processes and devices, wherever they are: nothing there is a file that a person could mean.
constexpr const char* never_asked[] = {"/proc", "/sys", "/dev"};

int64_t milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

int64_t now_ms() { return milliseconds(CLOCK_BOOTTIME); }
int64_t slept_so_far() { return milliseconds(CLOCK_BOOTTIME) - milliseconds(CLOCK_MONOTONIC); }

std::string_view text_of(const AskMessage& message) { return {message.text, std::min<size_t>(message.length, sizeof message.text)}; }

bool is_file(AskKind kind) { return kind == AskKind::read || kind == AskKind::write; }

std::string key_of(const AskMessage& message) {
  return std::to_string(static_cast<uint32_t>(message.kind)) + ":" + std::to_string(message.port) + ":" + std::string(text_of(message));
}

}  // namespace

bool ask_grant_covers(const AskGrant& grant, const AskMessage& message, int64_t now) {
  std::string_view text = text_of(message);
  if (grant.until != 0 && now >= grant.until) return false;
  if (is_file(message.kind)) {
    if (grant.kind != message.kind && grant.kind != AskKind::write) return false;
    if (!is_file(grant.kind)) return false;
    return grant.below ? path_within(text, grant.text) : text == grant.text;
  }
  if (grant.kind != message.kind) return false;
  if (message.kind == AskKind::local) return grant.port == message.port;
  if (message.kind == AskKind::socket) return grant.text == text;
  if (message.port != 0 && grant.port != message.port) return false;
  return grant.below ? text.size() > grant.text.size() + 1 && text.ends_with(grant.text) && text[text.size() - grant.text.size() - 1] == '.'
                     : text == grant.text;
}

AskGrant ask_grant_for(const AskMessage& message, uint32_t up) {
  AskGrant grant;
  grant.kind = message.kind;
  grant.port = message.kind == AskKind::host && message.port == 0 ? default_port : message.port;
  std::string_view text = text_of(message);
  grant.below = up > 0 || (is_file(message.kind) && message.folder != 0);
  for (uint32_t i = 0; i < up && !text.empty(); i++) {
    if (is_file(message.kind)) {
      text = parent_of(text);
      if (text == "/") text = {};
    } else if (message.kind == AskKind::host) {
      size_t dot = text.find('.');
      text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    } else {
      text = {};
    }
  }
  // A name of one label would be a whole top-level domain.
  if (message.kind == AskKind::host && up > 0 && text.find('.') == std::string_view::npos) text = {};
  grant.text = std::string(text);
  return grant;
}

std::string ask_body(const std::string& server, const std::string& run, const AskMessage& message, int64_t wait_ms) {
  std::string body = "{\"server\":\"" + server + "\",\"run\":\"" + run + "\",\"about\":{\"kind\":";
  std::string_view text = text_of(message);
  switch (message.kind) {
    case AskKind::read:
    case AskKind::write:
      body += std::string("\"file\",\"access\":\"") + (message.kind == AskKind::read ? "read" : "write") + "\",\"folder\":" +
              (message.folder != 0 ? "true" : "false") + ",\"path\":";
      if (!append_json_string(body, text)) return {};
      break;
    case AskKind::host:
      body += "\"host\",\"host\":";
      if (!append_json_string(body, text)) return {};
      if (message.port != 0) body += ",\"port\":" + std::to_string(message.port);
      if (message.address[0] != '\0') {
        body += ",\"address\":";
        if (!append_json_string(body, std::string_view(message.address, strnlen(message.address, sizeof message.address)))) return {};
      }
      break;
    case AskKind::local:
      body += "\"local\",\"port\":" + std::to_string(message.port);
      break;
    case AskKind::socket:
      body += "\"socket\",\"path\":";
      if (!append_json_string(body, text)) return {};
      break;
    default:
      return {};
  }
  return body + "},\"granted\":false,\"waitMs\":" + std::to_string(wait_ms) + "}";
}

AskDoor::AskDoor() : clock_{now_ms, slept_so_far} {}

bool AskDoor::open(const Plan& plan, const std::string& run) {
  server_ = plan.server;
  run_ = run;
  state_folder_ = std::string(parent_of(plan.spool));
  change_plan(plan);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return false;
  channel_ = Descriptor(pair[0]);
  supervisor_end_ = Descriptor(pair[1]);
  waits_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  timer_ = Descriptor(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  return waits_ && timer_ && watch(channel_.get()) && watch(timer_.get());
}

void AskDoor::change_plan(const Plan& plan) {
  refused_places_ = plan.refuse;
  // Belljar's own: what it says and keeps of this user is never opened for a server.
  refused_places_.push_back(plan.spool);
  if (base_name(state_folder_) == "belljar") refused_places_.push_back(state_folder_);
  patterns_ = plan.patterns;
}

bool AskDoor::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  return epoll_ctl(waits_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool AskDoor::spend(int64_t now) {
  if (refilled_ != 0) tokens_ = std::min(askings_at_once, tokens_ + askings_per_second * static_cast<double>(now - refilled_) / 1000);
  refilled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

bool AskDoor::is_refused_place(const AskMessage& message) const {
  if (!is_file(message.kind) && message.kind != AskKind::socket) return false;
  std::string_view path = text_of(message);
  // Paths come resolved; any other form is not what a person would be shown.
  if (path.empty() || path[0] != '/' || lexical_path("/", path) != path) return true;
  for (const char* place : never_asked) {
    if (path_within(path, place)) return true;
  }
  // As in an area that is the whole disk.
  PatternVerdict pattern = judge_patterns(patterns_, path, visible_segments(path, path.substr(0, path.find('/', 1))));
  if (pattern.kind == PatternVerdict::Kind::deny) return true;
  if (pattern.kind == PatternVerdict::Kind::protect && message.kind == AskKind::write) return true;
  // The host itself: whoever reaches it answers every question.
  if (message.kind == AskKind::socket) {
    char host[PATH_MAX];
    if (realpath((state_folder_ + "/host.sock").c_str(), host) != nullptr && path_within(path, parent_of(host))) return true;
  }
  return std::any_of(refused_places_.begin(), refused_places_.end(), [&path](const std::string& place) { return path_within(path, place); });
}

// Exactly what stands there by this path without any symlink in it, which is what was asked for; nothing that waits or acts
// when it is opened.
Descriptor AskDoor::open_file(const AskMessage& message, int& error) const {
  std::string path(text_of(message));
  int flags = static_cast<int>(message.flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NONBLOCK | O_SYNC | O_NOATIME));
  auto fail = [&error](int code) {
    error = code;
    return Descriptor();
  };
  auto look = [](int at, const std::string& name) {
    open_how how{};
    how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return Descriptor(static_cast<int>(syscall(number::openat2, at, name.c_str(), &how, sizeof how)));
  };
  bool writes = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY;
  if (message.kind == AskKind::read && writes) return fail(EACCES);
  Descriptor found = look(AT_FDCWD, path);
  if (!found && errno == ENOENT && (flags & O_CREAT) != 0) {
    Descriptor parent = look(AT_FDCWD, std::string(parent_of(path)));
    std::string name(base_name(path));
    struct statfs system{};
    if (!parent || name.empty() || fstatfs(parent.get(), &system) != 0 || system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC) return fail(EACCES);
    mode_t before = umask(0);
    Descriptor made(openat(parent.get(), name.c_str(), flags | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, message.mode & 0777));
    int code = errno;
    umask(before);
    return made ? std::move(made) : fail(code);
  }
  if (!found) return fail(errno == ELOOP ? EACCES : errno);
  if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return fail(EEXIST);
  struct stat info{};
  struct statfs system{};
  if (fstat(found.get(), &info) != 0 || fstatfs(found.get(), &system) != 0) return fail(EACCES);
  bool plain = S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
  if (!plain || system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC) return fail(EACCES);
  std::string link = "/proc/self/fd/" + std::to_string(found.get());
  Descriptor fd(::open(link.c_str(), (flags & ~(O_CREAT | O_EXCL)) | O_CLOEXEC | O_NOCTTY));
  return fd ? std::move(fd) : fail(errno);
}

void AskDoor::refuse(const AskMessage& message, bool asked) {
  AskAnswer answer{};
  answer.number = message.number;
  answer.asked = asked;
  // A supervisor that is gone ends the run; one that does not read refuses by itself when the time is over.
  if (send(channel_.get(), &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

void AskDoor::allow(const AskMessage& message, bool asked, uint32_t seconds) {
  AskAnswer answer{};
  answer.number = message.number;
  answer.allowed = 1;
  answer.asked = asked;
  answer.seconds = seconds;
  Descriptor file;
  if (is_file(message.kind)) file = open_file(message, answer.error);
  int fd = file.get();
  send_packet(channel_.get(), std::string_view(reinterpret_cast<const char*>(&answer), sizeof answer), &fd, file ? 1 : 0, false);
}

void AskDoor::take(const AskMessage& message) {
  int64_t now = clock_.now();
  if (message.step == AskMessage::Step::gone) {
    for (Question& question : questions_) {
      std::erase_if(question.calls, [&message](const AskMessage& call) { return call.number == message.number; });
    }
    return;
  }
  if (message.length > sizeof message.text || is_refused_place(message)) return refuse(message, false);
  std::erase_if(grants_, [now](const AskGrant& grant) { return grant.until != 0 && now >= grant.until; });
  auto grant = std::find_if(grants_.begin(), grants_.end(), [&](const AskGrant& one) { return ask_grant_covers(one, message, now); });
  if (grant != grants_.end()) return allow(message, false, grant->until == 0 ? name_for_the_run : name_once_seconds);
  std::string key = key_of(message);
  while (!rests_.empty() && now >= rests_.front().until) rests_.pop_front();
  if (std::any_of(rests_.begin(), rests_.end(), [&key](const Rest& rest) { return rest.key == key; })) return refuse(message, false);
  auto open_question = std::find_if(questions_.begin(), questions_.end(), [&key](const Question& one) { return one.key == key; });
  if (open_question != questions_.end()) {
    if (open_question->calls.size() >= calls_each_max) return refuse(message, false);
    open_question->calls.push_back(message);
    return;
  }
  int64_t room = budget_.room(now);
  if (room == 0 || questions_.size() >= ask_questions_max || !spend(now)) return refuse(message, false);
  std::string body = ask_body(server_, run_, message, room - host_before_us_ms);
  Question question;
  if (!body.empty()) question.host = ask_host(state_folder_, body);
  if (!question.host || !watch(question.host.get())) return refuse(message, false);
  question.key = std::move(key);
  question.calls.push_back(message);
  question.deadline = now + room;
  question.slept = clock_.slept();
  questions_.push_back(std::move(question));
  budget_.begin(now);
}

void AskDoor::settle(Question& question, const HostVerdict& verdict) {
  int64_t now = clock_.now();
  question.host.reset();
  budget_.end(now);
  if (question.calls.empty()) return;
  const AskMessage about = question.calls.front();
  // An answer from before a sleep may be about something that nobody remembers.
  bool slept = clock_.slept() - question.slept > slept_ms;
  bool allowed = verdict.reason.empty() && !slept && now < question.deadline;
  if (!allowed) {
    // What a person refused or did not answer is not asked again at once.
    if (verdict.asked || verdict.reason == "never") {
      if (rests_.size() >= rests_max) rests_.pop_front();
      rests_.push_back({question.key, now + rest_ms});
    }
    for (const AskMessage& call : question.calls) refuse(call, verdict.asked);
    return;
  }
  AskGrant grant = ask_grant_for(about, verdict.up);
  // One look-up is of no use without the connection that follows it.
  bool follows = about.kind == AskKind::host && about.port == 0;
  bool something = !grant.text.empty() || grant.kind == AskKind::local;
  if ((verdict.until_stop || follows) && something && grants_.size() < grants_max) {
    grant.until = verdict.until_stop ? 0 : now + static_cast<int64_t>(name_once_seconds) * 1000;
    grants_.push_back(grant);
  }
  uint32_t seconds = verdict.until_stop ? name_for_the_run : name_once_seconds;
  for (const AskMessage& call : question.calls) allow(call, verdict.asked, seconds);
}

void AskDoor::serve() {
  uint64_t expirations = 0;
  if (read(timer_.get(), &expirations, sizeof expirations) < 0) expirations = 0;
  AskMessage message;
  for (int i = 0; i < 64; i++) {
    ssize_t n = recv(channel_.get(), &message, sizeof message, MSG_DONTWAIT);
    if (n == 0) {
      epoll_ctl(waits_.get(), EPOLL_CTL_DEL, channel_.get(), nullptr);  // the supervisor is gone
      break;
    }
    if (n != static_cast<ssize_t>(sizeof message)) break;
    take(message);
  }
  int64_t now = clock_.now();
  for (Question& question : questions_) {
    // Nobody waits for it any more: the host sees its asker go.
    if (question.calls.empty()) settle(question, {});
    else if (read_host_answer(question.host, question.answer)) settle(question, host_verdict(question.answer));
    else if (now >= question.deadline) settle(question, {"no-answer", true, false, 0});
  }
  std::erase_if(questions_, [](const Question& question) { return !question.host; });
  set_timer();
}

void AskDoor::set_timer() {
  int64_t next = 0;
  for (const Question& question : questions_) {
    if (next == 0 || question.deadline < next) next = question.deadline;
  }
  itimerspec when{};
  // Zero would switch the timer off.
  if (next != 0) next = std::max<int64_t>(1, next - clock_.now());
  when.it_value.tv_sec = next / 1000;
  when.it_value.tv_nsec = next % 1000 * 1'000'000;
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

}  // namespace belljar
