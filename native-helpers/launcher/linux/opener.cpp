#include "opener.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "assembler.hpp"
#include "kernel.hpp"
#include "packets.hpp"
#include "walls.hpp"

namespace belljar {

namespace {

constexpr size_t text_max = 4096;
constexpr size_t descriptors_max = 3;

struct Question {
  AreaCall::Kind kind;
  uint32_t umask;
  uint64_t flags;
  uint64_t mode;
  uint64_t device;
  int64_t length;
  uint32_t lengths[3];           // name, other name, text; they follow, without ends
  uint32_t has[descriptors_max];  // object, folder, other folder: 0 or 1
};

struct Reply {
  AreaVerdict::Kind kind;
  int32_t error;
  uint32_t lengths[2];           // refused, why
};

constexpr size_t packet_max = sizeof(Question) + 3 * text_max;

// What it may still ask of the kernel; anything else ends it.
bool confine_opener_calls() {
  Assembler out = allow_calls({
      SYS_recvmsg, SYS_sendmsg, SYS_close, SYS_openat, SYS_fstat, SYS_newfstatat, SYS_fstatfs, SYS_statx, SYS_readlinkat, SYS_getdents64, SYS_fcntl,
      SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_truncate, SYS_umask, SYS_bind,
      SYS_lseek, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_rt_sigreturn,
      SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, SYS_tgkill, SYS_exit, SYS_exit_group,
#ifdef SYS_readlink
      SYS_readlink, SYS_open, SYS_stat, SYS_lstat,
#endif
  });
  out.ret(SECCOMP_RET_KILL_PROCESS);
  return apply_filter(out.code);
}

}  // namespace

bool read_opener_question(const std::string& bytes, const std::vector<Descriptor>& descriptors, AreaCall& call, AreaObjects& objects) {
  Question question{};
  if (bytes.size() < sizeof question) return false;
  memcpy(&question, bytes.data(), sizeof question);
  if (question.kind < AreaCall::Kind::open || question.kind > AreaCall::Kind::bind) return false;
  size_t at = sizeof question;
  std::string* texts[3] = {&call.name, &call.other_name, &call.text};
  for (size_t i = 0; i < 3; i++) {
    if (question.lengths[i] > text_max || bytes.size() - at < question.lengths[i]) return false;
    *texts[i] = bytes.substr(at, question.lengths[i]);
    at += question.lengths[i];
    if (texts[i]->find('\0') != std::string::npos) return false;
  }
  // A name is one: nothing is looked up below a folder.
  for (const std::string* name : {&call.name, &call.other_name}) {
    std::string one = name->substr(0, name->find('/'));
    if (name->size() > one.size() + 1 || one == "." || one == ".." || (one.empty() && !name->empty())) return false;
  }
  if (at != bytes.size()) return false;
  size_t next = 0;
  int* places[descriptors_max] = {&objects.object, &objects.folder, &objects.other_folder};
  for (size_t i = 0; i < descriptors_max; i++) {
    if (question.has[i] == 0) continue;
    if (next >= descriptors.size()) return false;
    *places[i] = descriptors[next++].get();
  }
  using Kind = AreaCall::Kind;
  bool object = question.kind == Kind::open || question.kind == Kind::shorten || question.kind == Kind::link || question.kind == Kind::bind;
  bool folder = question.kind != Kind::open && question.kind != Kind::shorten && question.kind != Kind::link;
  bool other = question.kind == Kind::rename || question.kind == Kind::link;
  if ((object && objects.object < 0) || (folder && (objects.folder < 0 || call.name.empty())) || (other && (objects.other_folder < 0 || call.other_name.empty()))) return false;
  call.kind = question.kind;
  call.umask = question.umask & 0777;
  call.flags = question.flags;
  call.mode = question.mode;
  call.device = question.device;
  call.length = question.length;
  return true;
}

void run_opener(Descriptor socket, const AreaRules& rules, const std::vector<Grant>& grants, int landlock_abi) {
  signal(SIGPIPE, SIG_IGN);
  int parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) _exit(1);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  {
    Walls walls;
    std::string error;
    if (!build_walls(grants, {}, landlock_abi, {}, walls, error)) _exit(1);
    // Of what was inherited it keeps its own end and standard error.
    std::vector<int> kept = {2, socket.get(), walls.outer.get()};
    std::sort(kept.begin(), kept.end());
    close(0);
    close(1);
    for (size_t i = 0; i < kept.size(); i++) {
      unsigned from = static_cast<unsigned>(kept[i]) + 1;
      unsigned to = i + 1 < kept.size() ? static_cast<unsigned>(kept[i + 1]) - 1 : ~0U;
      if (from <= to) syscall(SYS_close_range, from, to, 0U);
    }
    walls.inner.release();
    if (apply_wall(walls.outer.get(), landlock_abi) != 0 || !confine_opener_calls()) _exit(1);
  }
  MadeNames made;
  while (true) {
    std::string bytes;
    std::vector<Descriptor> descriptors;
    AreaCall call;
    AreaObjects objects;
    if (receive_packet(socket.get(), bytes, packet_max, descriptors, true) != Received::packet || !read_opener_question(bytes, descriptors, call, objects)) _exit(0);
    AreaDone done = do_in_area(rules, made, call, objects, true);
    done.refused.resize(std::min(done.refused.size(), text_max));
    done.why.resize(std::min(done.why.size(), text_max));
    Reply reply{done.kind, done.error, {static_cast<uint32_t>(done.refused.size()), static_cast<uint32_t>(done.why.size())}};
    std::string out(reinterpret_cast<const char*>(&reply), sizeof reply);
    out += done.refused + done.why;
    int fd = done.fd.get();
    if (!send_packet(socket.get(), out, &fd, fd >= 0 ? 1 : 0)) _exit(0);
  }
}

bool ask_opener(int socket, const AreaCall& call, const AreaObjects& objects, AreaDone& done) {
  if (socket < 0) return false;
  Question question{};
  question.kind = call.kind;
  question.umask = call.umask;
  question.flags = call.flags;
  question.mode = call.mode;
  question.device = call.device;
  question.length = call.length;
  const std::string* texts[3] = {&call.name, &call.other_name, &call.text};
  for (size_t i = 0; i < 3; i++) question.lengths[i] = static_cast<uint32_t>(texts[i]->size());
  int descriptors[descriptors_max];
  size_t count = 0;
  const int places[descriptors_max] = {objects.object, objects.folder, objects.other_folder};
  for (size_t i = 0; i < descriptors_max; i++) {
    question.has[i] = places[i] >= 0;
    if (question.has[i] != 0) descriptors[count++] = places[i];
  }
  std::string bytes(reinterpret_cast<const char*>(&question), sizeof question);
  for (const std::string* text : texts) bytes += *text;
  std::vector<Descriptor> got;
  std::string answer;
  Reply reply{};
  if (bytes.size() > packet_max || !send_packet(socket, bytes, descriptors, count) || receive_packet(socket, answer, packet_max, got, true) != Received::packet || answer.size() < sizeof reply) return false;
  memcpy(&reply, answer.data(), sizeof reply);
  if (reply.kind < AreaVerdict::Kind::outside || reply.kind > AreaVerdict::Kind::refused || answer.size() != sizeof reply + reply.lengths[0] + reply.lengths[1]) return false;
  done = {};
  done.kind = reply.kind;
  done.error = reply.error;
  done.refused = answer.substr(sizeof reply, reply.lengths[0]);
  done.why = answer.substr(sizeof reply + reply.lengths[0]);
  if (!got.empty()) done.fd = std::move(got[0]);
  return true;
}

}  // namespace belljar
