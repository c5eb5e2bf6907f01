/*
 * Races whoever looks at the destination of a message. race-message <way> <port> <socket outside> <grant>
 * Family: races
 * Facts: sendmsg names its destination behind two pointers, bind and connect behind one (man 2 sendmsg): the bytes, the pointer in
 * the header, the length and the descriptor can all be exchanged after a look.
 * Witness: the neighbour's log of contacts.
 * Cases: name | what it tries | attack | twin | marks
 *   connect-descriptor | exchange the socket behind the number while connecting | connect-descriptor {tcp} {neighbour}/stream.sock {grant} | pair 0 - - | event=net.connect,unix.connect slow
 *   connect-pointer | let the address lie on a page that is exchanged | connect-pages {tcp} {neighbour}/stream.sock {grant} | pair 0 - - | event=net.connect,unix.connect slow
 *   sendmsg-name | exchange the name of a message | sendmsg-name {udp} {neighbour}/datagram.sock {grant} | pair 0 - - | event=unix.connect,syscall slow
 *   bind-path | exchange the path of an address while binding it | bind-path {tcp} {outside}/bound {grant} | pair 0 - - | event=file.create slow
 *   sendmsg-length | exchange the length of a message's name, whose beginning is a name too | sendmsg-length {udp} {neighbour}/datagram.sock {grant} | pair 0 - - | event=unix.connect,syscall slow
 *   fork-exec | connect while another thread executes a program | exec {tcp} {neighbour}/stream.sock {grant} | pair 0 - - | event=net.connect,unix.connect slow
 */
#include "attack.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <time.h>

static atomic_bool stop;
static const char *way;
static char *page;
static struct sockaddr_un own_address = {.sun_family = AF_UNIX}, their_address = {.sun_family = AF_UNIX};
static struct sockaddr_un *name;
static struct msghdr message;
static socklen_t short_length;
enum { number = 200 };

static void *exchange(void *nothing) {
  (void)nothing;
  int unix_socket = socket(AF_UNIX, SOCK_STREAM, 0), inet_socket = socket(AF_INET, SOCK_STREAM, 0);
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    const struct sockaddr_un *now = turn & 1 ? &their_address : &own_address;
    if (is(way, "connect-descriptor")) {
      int fresh = socket(turn & 1 ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      dup2(fresh, number);
      close(fresh);
      memcpy(name, now, sizeof *now);
    } else if (is(way, "connect-pages")) {
      /* the page goes away and comes back with other content */
      mprotect(page, 4096, PROT_NONE);
      mprotect(page, 4096, PROT_READ | PROT_WRITE);
      memcpy(name, now, sizeof *now);
    } else if (is(way, "sendmsg-length")) *(volatile socklen_t *)&message.msg_namelen = turn & 1 ? short_length + 1 : short_length;
    else memcpy(name, now, sizeof *now);
  }
  close(unix_socket);
  close(inet_socket);
  return NULL;
}

static void *replace(void *program) {
  usleep(300);
  execl(program, program, "pair", "0", "-", "-", (char *)NULL);
  return NULL;
}

int main(int argc, char **argv) {
  way = argument(argc, argv, 1);
  if (is(way, "pair")) {
    int pair[2];
    must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    reached(way);
  }
  struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument(argc, argv, 2))), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  snprintf(their_address.sun_path, sizeof their_address.sun_path, "%s", argument(argc, argv, 3));
  snprintf(own_address.sun_path, sizeof own_address.sun_path, "%.90s/race.sock", argument(argc, argv, 4));
  bool datagrams = strncmp(way, "sendmsg", 7) == 0, binds = is(way, "bind-path");
  int listener = (int)must("socket", socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0));
  prepare("bind", bind(listener, (struct sockaddr *)&own_address, sizeof own_address));
  if (!datagrams) prepare("listen", listen(listener, 4096));
  fcntl(listener, F_SETFL, O_NONBLOCK);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  name = (struct sockaddr_un *)(void *)page;
  memcpy(name, &own_address, sizeof own_address);
  if (is(way, "sendmsg-length")) {
    /* one byte longer it is the name of a link to the other socket */
    short_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(own_address.sun_path));
    strcat(name->sun_path, "x");
    prepare("symlink", symlink(their_address.sun_path, name->sun_path));
    message.msg_namelen = short_length;
  }
  if (binds) {
    snprintf(own_address.sun_path, sizeof own_address.sun_path, "%.90s/bound.sock", argv[4]);
    memcpy(name, &own_address, sizeof own_address);
  }
  signal(SIGCHLD, SIG_IGN);
  if (is(way, "exec")) {
    for (int turn = 0; turn < 60; turn++) {
      pid_t child = fork();
      if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, 1);
        pthread_t thread;
        pthread_create(&thread, NULL, replace, argv[0]);
        for (;;) {
          int unix_socket = socket(AF_UNIX, SOCK_STREAM, 0), inet_socket = socket(AF_INET, SOCK_STREAM, 0);
          connect(unix_socket, (struct sockaddr *)&their_address, sizeof their_address);
          connect(inet_socket, (struct sockaddr *)&loopback, sizeof loopback);
          close(unix_socket);
          close(inet_socket);
        }
      }
      usleep(8000);
      kill(child, SIGKILL);
    }
    reached("60 times");
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, exchange, NULL) != 0) broken("thread");
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  long tries = 0;
  do {
    int own = is(way, "connect-descriptor") ? number : socket(AF_UNIX, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
    if (datagrams) {
      struct iovec part = {.iov_base = (char[]){"x"}, .iov_len = 1};
      message.msg_name = name;
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      if (!is(way, "sendmsg-length")) message.msg_namelen = sizeof *name;
      sendmsg(own, &message, MSG_DONTWAIT);
      char drop[8];
      recv(listener, drop, sizeof drop, MSG_DONTWAIT);
    } else if (binds) {
      if (bind(own, (struct sockaddr *)name, sizeof *name) == 0) unlink(own_address.sun_path);
    } else {
      connect(own, (struct sockaddr *)name, sizeof *name);
      int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (peer >= 0) close(peer);
    }
    if (own != number) close(own);
    tries++;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 400);
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  reached("raced");
}
