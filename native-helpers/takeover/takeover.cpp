// A launcher with a hole in each of its processes, for e2e/confinement/takeover.test.ts alone. The launcher's own objects are linked
// unchanged; the linker leads a few of their calls through here (`--wrap`), and where what came from outside holds the word of a process,
// that process does an attacker's bidding there and then. Nothing of this is in the launcher that ships: it is another program, made by
// another rule of the Makefile from an object that no other rule uses.
//
//   supervisor   a path in the server's memory                       (process_vm_readv)
//   opener       a name in the supervisor's question                 (recvmsg)
//   network      a name in a look-up, or in a client hello           (recv, recvfrom, read)
//   guardian     a link that is asked for                            (recvmsg)
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.hpp"

namespace {

takeover::Page* page = nullptr;
char word[64];

// Before main, which closes what was inherited; the mapping stays, in every process that is forked.
__attribute__((constructor)) void take_page() {
  const char* file = std::getenv("BELLJAR_TAKEOVER_PAGE");
  int fd = file != nullptr ? open(file, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* mapped = mmap(nullptr, sizeof(takeover::Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  page = static_cast<takeover::Page*>(mapped);
  if (!takeover::parameter(*page, "word", word, sizeof word)) page = nullptr;
}

void look(const void* bytes, ssize_t size, std::string_view place) {
  if (page == nullptr || size <= 0 || page->victim != 0) return;
  std::string_view wanted(word);
  // The word of another process is not this one's.
  if (!wanted.ends_with(place)) return;
  if (std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size)).find(wanted) == std::string_view::npos) return;
  takeover::attempt(*page);
}

}  // namespace

extern "C" {

ssize_t __real_process_vm_readv(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);
ssize_t __wrap_process_vm_readv(pid_t process, const iovec* local, unsigned long locals, const iovec* remote, unsigned long remotes, unsigned long flags) {
  ssize_t n = __real_process_vm_readv(process, local, locals, remote, remotes, flags);
  look(local->iov_base, n, "supervisor");
  return n;
}
ssize_t __real_recvmsg(int, msghdr*, int);
ssize_t __wrap_recvmsg(int fd, msghdr* header, int flags) {
  ssize_t n = __real_recvmsg(fd, header, flags);
  if (n > 0) {
    ssize_t first = static_cast<ssize_t>(std::min<size_t>(static_cast<size_t>(n), header->msg_iov->iov_len));
    for (std::string_view place : {"opener", "guardian"}) look(header->msg_iov->iov_base, first, place);
  }
  return n;
}
ssize_t __real_recv(int, void*, size_t, int);
ssize_t __wrap_recv(int fd, void* out, size_t size, int flags) {
  ssize_t n = __real_recv(fd, out, size, flags);
  look(out, n, "network");
  return n;
}
ssize_t __real_recvfrom(int, void*, size_t, int, sockaddr*, socklen_t*);
ssize_t __wrap_recvfrom(int fd, void* out, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  ssize_t n = __real_recvfrom(fd, out, size, flags, from, from_size);
  look(out, n, "network");
  return n;
}
ssize_t __real_read(int, void*, size_t);
ssize_t __wrap_read(int fd, void* out, size_t size) {
  ssize_t n = __real_read(fd, out, size);
  look(out, n, "network");
  return n;
}
// Who is waited for by the guardian tells how it ended.
pid_t __real_waitpid(pid_t, int*, int);
pid_t __wrap_waitpid(pid_t process, int* status, int options) {
  int own = 0;
  pid_t gone = __real_waitpid(process, &own, options);
  if (status != nullptr) *status = own;
  if (page != nullptr && gone > 0 && gone == page->victim) {
    page->status = own;
    page->ended = 1;
  }
  return gone;
}

}  // extern "C"
