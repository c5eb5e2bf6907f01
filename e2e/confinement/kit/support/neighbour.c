/*
 * Not an attack: another program of the same user, as the machine is full of. It listens on every kind of socket, holds
 * shared memory, a secret in its memory and its environment, an open file, and writes down every contact in a log file.
 * neighbour <folder> <secret file>: prints one line of JSON with what there is to attack, then serves until stdin ends. To
 * each line on stdin it answers with one on stdout, after it has written down all that had reached it: `written`, and to a
 * line that begins with `s` what it finds itself to be (limits, priorities, its memory, what it shares).
 */
#include "attack.h"

#include <arpa/inet.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/un.h>
#include <time.h>

static int log_file;
static char secret[] = "neighbour-memory-secret";

static void note(const char *what, const char *detail) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s %s\n", what, detail);
  (void)!write(log_file, line, (size_t)length);
}

static void on_signal(int number) {
  char text[32] = "signal ";
  text[7] = (char)('0' + number / 10);
  text[8] = (char)('0' + number % 10);
  text[9] = '\n';
  (void)!write(log_file, text, 10);
}

struct end {
  int descriptor;
  const char *name;
  bool stream;
};

static void take(const struct end *end) {
  char text[256];
  if (end->stream) {
    int peer = accept4(end->descriptor, NULL, NULL, SOCK_CLOEXEC);
    note("contact", end->name);
    if (peer >= 0) close(peer);
  } else if (recv(end->descriptor, text, sizeof text - 1, MSG_DONTWAIT) >= 0) {
    note("contact", end->name);
  }
}

static int unix_socket(int type, const char *folder, const char *name, bool abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t length;
  if (abstract) {
    int written = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)written);
  } else {
    snprintf(address.sun_path, sizeof address.sun_path, "%.60s/%.30s", folder, name);
    length = sizeof address;
  }
  int descriptor = (int)prepare("socket", socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  prepare("bind", bind(descriptor, (struct sockaddr *)&address, length));
  if (type != SOCK_DGRAM) prepare("listen", listen(descriptor, 4096));
  return descriptor;
}

static int inet_socket(int family, int type, int protocol, uint16_t *port) {
  int descriptor = socket(family, type | SOCK_CLOEXEC, protocol);
  if (descriptor < 0) return -1;
  int one = 1, zero = 0;
  if (family == AF_INET6) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    socklen_t length = sizeof address;
    getsockname(descriptor, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin6_port);
  } else {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = {htonl(INADDR_ANY)}};
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return -1;
    socklen_t length = sizeof address;
    getsockname(descriptor, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
  }
  if (type == SOCK_STREAM) {
    setsockopt(descriptor, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, &(int){16}, sizeof one);
    prepare("listen", listen(descriptor, 4096));
  }
  return descriptor;
}

struct shared {
  int memory, semaphore, queue, posix, held;
  mqd_t posix_queue;
  const char *mapped, *name;
};

/* In one line, so that two of them can be compared. What is gone is told by its error. */
static void tell(const struct shared *own) {
  struct rlimit files = {0}, processes = {0};
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NPROC, &processes);
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  struct shmid_ds segment = {0};
  struct msqid_ds messages = {0};
  struct mq_attr posix_messages = {0};
  struct stat named = {0}, opened = {0};
  char text[32] = "";
  ssize_t length = own->posix < 0 ? -1 : pread(own->posix, text, sizeof text - 1, 0);
  text[length < 0 ? 0 : length] = 0;
  char path[128];
  snprintf(path, sizeof path, "/dev/shm%s", own->name);
  char place[4096] = "";
  (void)!getcwd(place, sizeof place);
  fstat(own->held, &opened);
  int on_segment = shmctl(own->memory, IPC_STAT, &segment), on_messages = msgctl(own->queue, IPC_STAT, &messages);
  int on_posix = own->posix_queue == (mqd_t)-1 ? -1 : mq_getattr(own->posix_queue, &posix_messages), on_name = stat(path, &named);
  printf("files %lu processes %lu nice %d policy %d processors %d io %ld group %d session %d dumpable %ld memory %s shm %d %lu %s "
         "sem %d msg %d %lu posix %s named %d mq %d %ld held %ld offset %ld flags %d cwd %s\n",
         (unsigned long)files.rlim_cur, (unsigned long)processes.rlim_cur, getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
         CPU_COUNT(&set), syscall(SYS_ioprio_get, 1, 0), getpgid(0), getsid(0), syscall(SYS_prctl, 3 /* PR_GET_DUMPABLE */), secret,
         on_segment, (unsigned long)(segment.shm_perm.mode & 01777), own->mapped == NULL ? "none" : own->mapped,
         semctl(own->semaphore, 0, GETVAL), on_messages, (unsigned long)messages.msg_qnum, text,
         on_name, on_posix, posix_messages.mq_curmsgs,
         (long)opened.st_size, (long)lseek(own->held, 0, SEEK_CUR), fcntl(own->held, F_GETFL), place);
  fflush(stdout);
}

int main(int argc, char **argv) {
  const char *folder = argument(argc, argv, 1);
  const char *secret_file = argument(argc, argv, 2);
  char path[4096], name[64];
  snprintf(path, sizeof path, "%s/contacts.log", folder);
  log_file = (int)prepare("log", open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGURG, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGWINCH, &action, NULL);
  int held = (int)prepare("held file", open(secret_file, O_RDWR | O_CLOEXEC));

  struct end ends[16];
  nfds_t count = 0;
  struct pollfd polls[17];
  char abstract_stream[64], abstract_datagram[64];
  snprintf(abstract_stream, sizeof abstract_stream, "belljar-neighbour-%d-stream", getpid());
  snprintf(abstract_datagram, sizeof abstract_datagram, "belljar-neighbour-%d-datagram", getpid());
#define END(fd, label, is_stream) ends[count].descriptor = (fd), ends[count].name = (label), ends[count].stream = (is_stream), count++
  END(unix_socket(SOCK_STREAM, folder, "stream.sock", false), "unix-stream", true);
  END(unix_socket(SOCK_SEQPACKET, folder, "packet.sock", false), "unix-seqpacket", true);
  END(unix_socket(SOCK_DGRAM, folder, "datagram.sock", false), "unix-datagram", false);
  END(unix_socket(SOCK_STREAM, folder, abstract_stream, true), "abstract-stream", true);
  END(unix_socket(SOCK_DGRAM, folder, abstract_datagram, true), "abstract-datagram", false);
  uint16_t tcp = 0, udp = 0, mptcp = 0, sctp = 0;
  END(inet_socket(AF_INET6, SOCK_STREAM, 0, &tcp), "tcp", true);
  END(inet_socket(AF_INET6, SOCK_DGRAM, 0, &udp), "udp", false);
  int multipath = inet_socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */, &mptcp);
  if (multipath >= 0) END(multipath, "mptcp", true);
  int lite = inet_socket(AF_INET, SOCK_DGRAM, 136 /* IPPROTO_UDPLITE */, &udp);
  if (lite >= 0) END(lite, "udplite", false);
  (void)sctp;

  int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  char *mapped = memory < 0 ? NULL : shmat(memory, NULL, 0);
  if (mapped != NULL && mapped != (void *)-1) strcpy(mapped, "neighbour-sysv-secret");
  int semaphore = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  struct {
    long type;
    char text[32];
  } message = {.type = 1, .text = "neighbour-queue-secret"};
  if (queue >= 0) msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT);
  /* one that was killed leaves its names behind, perhaps another user's, and numbers of processes come again */
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(name, sizeof name, "/belljar-neighbour-%d-%llx", getpid(), now.tv_sec * 1000000000ULL + (unsigned long long)now.tv_nsec);
  int posix = shm_open(name, O_CREAT | O_RDWR, 0600);
  if (posix >= 0) (void)!write(posix, "neighbour-posix-secret", 22);
  /* small, so that one left by a killed test does not use up what the user may have */
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
  mqd_t posix_queue = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attributes);
  if (posix_queue != (mqd_t)-1) mq_send(posix_queue, "neighbour-mq-secret", 19, 0);

  printf("{\"pid\":%d,\"tcp\":%u,\"udp\":%u,\"mptcp\":%u,\"shm\":%d,\"sem\":%d,\"msg\":%d,\"posix\":\"%s\",\"mq\":%s,"
         "\"abstractStream\":\"%s\",\"abstractDatagram\":\"%s\",\"held\":%d,\"secretAddress\":\"%lu\"}\n",
         getpid(), tcp, udp, mptcp, memory, semaphore, queue, name, posix_queue == (mqd_t)-1 ? "false" : "true",
         abstract_stream, abstract_datagram, held, (unsigned long)(uintptr_t)secret);
  fflush(stdout);

  polls[0] = (struct pollfd){.fd = 0, .events = POLLIN};
  for (nfds_t index = 0; index < count; index++) {
    polls[index + 1] = (struct pollfd){.fd = ends[index].descriptor, .events = POLLIN};
  }
  const struct shared own = {memory, semaphore, queue, posix, held, posix_queue, mapped == (void *)-1 ? NULL : mapped, name};
  bool asked = false, state = false;
  for (;;) {
    int ready = poll(polls, count + 1, asked ? 0 : -1);
    if (ready < 0) continue;
    bool quiet = true;
    for (nfds_t index = 0; index < count; index++) {
      if (polls[index + 1].revents == 0) continue;
      quiet = false;
      take(&ends[index]);
    }
    if (asked && quiet) {
      if (state) tell(&own);
      else puts("written");
      fflush(stdout);
      asked = false;
    } else if (!asked && polls[0].revents != 0) {
      char line[64];
      if (read(0, line, sizeof line) <= 0) break;
      asked = true;
      state = line[0] == 's';
    }
  }
  if (memory >= 0) shmctl(memory, IPC_RMID, NULL);
  if (semaphore >= 0) semctl(semaphore, 0, IPC_RMID);
  if (queue >= 0) msgctl(queue, IPC_RMID, NULL);
  shm_unlink(name);
  mq_unlink(name);
  return 0;
}
