#include "kernel-records.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../core/text.hpp"
#include "event-loop.hpp"
#include "own-places.hpp"

namespace belljar {

namespace {

constexpr const char* records_program = "/belljar-records";
// The program's own proof takes 300 ms where audit is switched off.
constexpr int64_t answer_ns = 1'000'000'000;
constexpr size_t heard_max = 256UL * 1024;

}  // namespace

void KernelRecords::prepare() {
  const std::string& own = own_program();
  if (own.empty()) return;
  std::string program = std::string(parent_of(own)) + records_program;
  struct stat info{};
  if (stat(program.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0) return;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return;
  }
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    char wanted = 0;
    // Until then it has no rights either.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (read(ends[1], &wanted, 1) != 1) _exit(0);
    setsid();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    char name[] = "belljar-records";
    char* arguments[] = {name, nullptr};
    char* variables[] = {nullptr};
    if (nothing >= 0 && dup2(nothing, 2) == 2 && dup2(ends[1], 0) == 0 && dup2(ends[1], 1) == 1) execve(program.c_str(), arguments, variables);
    _exit(1);
  }
  close(ends[1]);
  channel_ = Descriptor(ends[0]);
  child_ = child;
  if (child < 0) channel_.reset();
}

void KernelRecords::begin(bool wanted) {
  if (!channel_) return;
  char go = 1;
  if (wanted && send(channel_.get(), &go, 1, MSG_NOSIGNAL) == 1) return;
  channel_.reset();
  // It ends at once, and would stay in the table of processes as long as the run.
  waitpid(child_, nullptr, 0);
}

bool KernelRecords::come() {
  if (!channel_) return false;
  int64_t until = steady_nanoseconds() + answer_ns;
  std::string answer;
  // A byte at a time: what follows the first line is heard later.
  while (answer.size() < 200 && !answer.ends_with('\n')) {
    pollfd wait{channel_.get(), POLLIN, 0};
    int64_t left = (until - steady_nanoseconds()) / 1'000'000;
    char one = 0;
    if (left <= 0 || (poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR)) break;
    if ((wait.revents & (POLLIN | POLLHUP)) == 0) continue;
    if (read(channel_.get(), &one, 1) != 1) break;
    answer.push_back(one);
  }
  if (answer == "ready\n" && fcntl(channel_.get(), F_SETFL, O_NONBLOCK) == 0) {
    missing_.clear();
    return true;
  }
  channel_.reset();
  missing_ = answer.starts_with("no ") && answer.ends_with('\n') ? answer.substr(0, answer.size() - 1) : "no answer from belljar-records";
  return false;
}

bool KernelRecords::follow(int server) {
  std::string line = std::to_string(server) + "\n";
  return channel_ && send(channel_.get(), line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
}

RecordsHeard KernelRecords::hear() {
  RecordsHeard out;
  char piece[16'384];
  for (size_t total = 0; channel_ && total < heard_max;) {
    ssize_t n = read(channel_.get(), piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      out.over = true;
      channel_.reset();
      break;
    }
    total += static_cast<size_t>(n);
    buffer_.append(piece, static_cast<size_t>(n));
    size_t from = 0;
    for (size_t end = 0; (end = buffer_.find('\n', from)) != std::string::npos; from = end + 1) {
      std::optional<RefusedFile> one = parse_refused_line(std::string_view(buffer_).substr(from, end - from));
      if (one) out.refused.push_back(std::move(*one));
      else out.lost++;
    }
    buffer_.erase(0, from);
    if (buffer_.size() > refused_line_max) {
      out.lost++;
      buffer_.clear();
    }
  }
  return out;
}

}  // namespace belljar
