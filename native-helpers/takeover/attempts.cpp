#include "attempts.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

namespace takeover {

namespace {

constexpr int pidfd_open = 434;
constexpr int pidfd_getfd = 438;
constexpr int io_uring_setup = 425;

struct Facts {
  char path[512] = {};
  char text[256] = {};
  int process = 0;
  int port = 0;
};

// 0, or -1 with errno; `step` is what it failed at.
using Attempt = int (*)(const Facts& facts, const char*& step);

int open_to(const Facts& facts, const char*& step, int flags) {
  step = "open";
  int fd = open(facts.path, flags | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int result = 0;
  // What is open can be read, or handed on to whoever may.
  if (facts.text[0] != '\0') {
    step = "write";
    result = write(fd, facts.text, strlen(facts.text)) < 0 ? -1 : 0;
  }
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

int socket_of(int family, const char*& step) {
  step = "socket";
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

const struct {
  const char* name;
  Attempt run;
} attempts[] = {
    {"read", [](const Facts& facts, const char*& step) { return open_to(facts, step, O_RDONLY); }},
    {"write", [](const Facts& facts, const char*& step) { return open_to(facts, step, O_WRONLY | O_APPEND); }},
    {"create", [](const Facts& facts, const char*& step) { return open_to(facts, step, O_WRONLY | O_CREAT | O_EXCL); }},
    {"execute",
     [](const Facts& facts, const char*& step) {
       step = "execve";
       char program[] = "/bin/sh";
       char option[] = "-c";
       char command[600];
       snprintf(command, sizeof command, ": > '%s'", facts.path);
       char* arguments[] = {program, option, command, nullptr};
       char* none[] = {nullptr};
       return execve(program, arguments, none);
     }},
    {"start",
     [](const Facts&, const char*& step) {
       step = "clone";
       long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
       if (child == 0) syscall(SYS_exit_group, 0);
       return child < 0 ? -1 : 0;
     }},
    {"run-bytes",
     [](const Facts&, const char*& step) {
       step = "mmap";
       void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       if (memory == MAP_FAILED) return -1;
#if defined(__x86_64__)
       memcpy(memory, "\xB8\x2A\x00\x00\x00\xC3", 6);  // mov eax, 42; ret
       step = "run";
       errno = EINVAL;
       if (reinterpret_cast<int (*)()>(memory)() != 42) return -1;
#endif
       return 0;
     }},
    {"connect",
     [](const Facts& facts, const char*& step) {
       int fd = socket_of(AF_INET, step);
       if (fd < 0) return -1;
       sockaddr_in to{};
       to.sin_family = AF_INET;
       to.sin_port = htons(static_cast<uint16_t>(facts.port));
       to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
       step = "connect";
       return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
     }},
    {"connect-socket",
     [](const Facts& facts, const char*& step) {
       int fd = socket_of(AF_UNIX, step);
       if (fd < 0) return -1;
       sockaddr_un to{};
       to.sun_family = AF_UNIX;
       snprintf(to.sun_path, sizeof to.sun_path, "%.100s", facts.path);
       step = "connect";
       return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
     }},
    {"listen",
     [](const Facts&, const char*& step) {
       int fd = socket_of(AF_INET, step);
       if (fd < 0) return -1;
       step = "listen";
       return listen(fd, 1);
     }},
    {"signal",
     [](const Facts& facts, const char*& step) {
       step = "kill";
       return kill(facts.process, SIGKILL);
     }},
    {"trace",
     [](const Facts& facts, const char*& step) {
       step = "ptrace";
       return static_cast<int>(ptrace(PTRACE_SEIZE, facts.process, nullptr, nullptr));
     }},
    {"look-into",
     [](const Facts& facts, const char*& step) {
       char name[64];
       snprintf(name, sizeof name, "/proc/%d/environ", facts.process);
       step = "open";
       int fd = open(name, O_RDONLY | O_CLOEXEC);
       if (fd < 0) return -1;
       char byte = 0;
       step = "read";
       return read(fd, &byte, 1) < 0 ? -1 : 0;
     }},
    {"take-descriptor",
     [](const Facts& facts, const char*& step) {
       step = "pidfd_open";
       long process = syscall(pidfd_open, facts.process, 0);
       if (process < 0) return -1;
       step = "pidfd_getfd";
       return syscall(pidfd_getfd, process, 0, 0) < 0 ? -1 : 0;
     }},
    {"setting-of-other",
     [](const Facts& facts, const char*& step) {
       char name[64];
       snprintf(name, sizeof name, "/proc/%d/oom_score_adj", facts.process);
       step = "open";
       int fd = open(name, O_WRONLY | O_CLOEXEC);
       if (fd < 0) return -1;
       step = "write";
       return write(fd, "999", 3) < 0 ? -1 : 0;
     }},
    {"mount",
     [](const Facts& facts, const char*& step) {
       step = "unshare";
       if (geteuid() != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
       step = "mount";
       return mount("none", facts.path, "tmpfs", 0, nullptr);
     }},
    {"namespace",
     [](const Facts&, const char*& step) {
       step = "unshare";
       return unshare(CLONE_NEWUSER);
     }},
    {"be-another",
     [](const Facts&, const char*& step) {
       step = "setresuid";
       return static_cast<int>(syscall(SYS_setresuid, getuid(), getuid(), getuid()));
     }},
    {"ring",
     [](const Facts&, const char*& step) {
       char parameters[120] = {};
       step = "io_uring_setup";
       return syscall(io_uring_setup, 4, parameters) < 0 ? -1 : 0;
     }},
};

}  // namespace

bool parameter(const Page& page, const char* key, char* out, size_t room) {
  size_t length = strlen(key);
  for (const char* line = page.parameters; line != nullptr && *line != '\0';) {
    const char* end = strchr(line, '\n');
    if (strncmp(line, key, length) == 0 && line[length] == '=') {
      const char* value = line + length + 1;
      size_t size = end != nullptr ? static_cast<size_t>(end - value) : strlen(value);
      if (size >= room) return false;
      memcpy(out, value, size);
      out[size] = '\0';
      return true;
    }
    line = end != nullptr ? end + 1 : nullptr;
  }
  return false;
}

// The test reads while this is written, so the first letter comes last: until then nothing is said.
void say(Page& page, const char* word, const char* more = "", const char* step = "") {
  char text[sizeof page.result] = {};
  snprintf(text, sizeof text, "%s%s%s%s%s", word, *more != 0 ? " " : "", more, *step != 0 ? " " : "", step);
  volatile char* result = page.result;
  result[0] = '\0';
  for (size_t i = 1; i < sizeof text; i++) result[i] = text[i];
  result[0] = text[0];
}

void attempt(Page& page) {
  char name[64] = {};
  char number[32] = {};
  Facts facts;
  parameter(page, "attempt", name, sizeof name);
  parameter(page, "path", facts.path, sizeof facts.path);
  parameter(page, "text", facts.text, sizeof facts.text);
  if (parameter(page, "process", number, sizeof number)) facts.process = atoi(number);
  if (parameter(page, "port", number, sizeof number)) facts.port = atoi(number);
  page.victim = getpid();
  say(page, "begun");
  for (const auto& one : attempts) {
    if (strcmp(one.name, name) != 0) continue;
    const char* step = "";
    int result = one.run(facts, step);
    if (result < 0) say(page, "refused", strerrorname_np(errno), step);
    else say(page, "reached");
    return;
  }
  say(page, "unknown attempt");
}

}  // namespace takeover
