/*
 * Races a supervisor that looks at a socket address and then lets the kernel look again. race-connect <way> <tries> <port>
 * <unix path outside> <inside folder>. family: AF_UNSPEC and the refused address in turn, in the same bytes; address: an
 * address that nobody refuses (TEST-NET) and loopback in turn; unix: a socket of our own and the neighbour's in turn;
 * sendto: a datagram to our own socket and to the neighbour's.
 * Family: races
 * Facts: seccomp_unotify(2) says so itself: what is read from the caller's memory can be changed before the kernel reads it
 * again. A look at an address that ended in "go on" was beaten in 4,532 of 20,000 tries.
 * Witness: the neighbour's log of contacts.
 * Cases: name | what it tries | attack | twin | marks
 *   family | an address of no family, which disconnects, and the refused one | family 2000 {tcp} {neighbour}/stream.sock {grant} | @inet connect 127.0.0.1 {allowed} | event=net.connect slow
 *   address | an address that leads nowhere and the refused one | address 2000 {tcp} {neighbour}/stream.sock {grant} | @inet connect 127.0.0.1 {allowed} | event=net.connect slow
 *   unix | its own socket and the refused one | unix 2000 {tcp} {neighbour}/stream.sock {grant} | @unix-connect own - | event=unix.connect slow
 *   sendto | a datagram to its own socket and to the refused one | sendto 2000 {tcp} {neighbour}/datagram.sock {grant} | @unix-connect own-pair stream | event=unix.connect,syscall slow
 */
#include "attack.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/un.h>
#include <time.h>

static atomic_bool stop;
static struct sockaddr_storage shared;
static struct sockaddr_storage choices[2];
static socklen_t length;

static void *swap(void *nothing) {
  (void)nothing;
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    memcpy(&shared, &choices[turn & 1], length);
    atomic_signal_fence(memory_order_seq_cst);
  }
  return NULL;
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  long tries = atol(argument(argc, argv, 2));
  struct sockaddr_in loopback = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument(argc, argv, 3))), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_un theirs = {.sun_family = AF_UNIX}, ours = {.sun_family = AF_UNIX};
  snprintf(theirs.sun_path, sizeof theirs.sun_path, "%s", argument(argc, argv, 4));
  snprintf(ours.sun_path, sizeof ours.sun_path, "%s/own.sock", argument(argc, argv, 5));
  bool local = is(way, "unix") || is(way, "sendto");
  int listener = -1;
  if (local) {
    listener = (int)must("socket", socket(AF_UNIX, is(way, "unix") ? SOCK_STREAM : SOCK_DGRAM, 0));
    prepare("bind", bind(listener, (struct sockaddr *)&ours, sizeof ours));
    if (is(way, "unix")) prepare("listen", listen(listener, 4096));
    fcntl(listener, F_SETFL, O_NONBLOCK);
    memcpy(&choices[0], &ours, sizeof ours);
    memcpy(&choices[1], &theirs, sizeof theirs);
    length = sizeof(struct sockaddr_un);
  } else {
    struct sockaddr_in harmless = loopback;
    if (is(way, "family")) harmless.sin_family = AF_UNSPEC;
    else harmless.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1, the documentation network */
    memcpy(&choices[0], &harmless, sizeof harmless);
    memcpy(&choices[1], &loopback, sizeof loopback);
    length = sizeof(struct sockaddr_in);
  }
  memcpy(&shared, &choices[0], length);
  pthread_t thread;
  if (pthread_create(&thread, NULL, swap, NULL) != 0) broken("thread");
  long succeeded = 0, denied = 0, made = 0;
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  now = begin;
  /* at least so many tries, and some time of them: a busy machine may not run the other thread at once */
  for (long turn = 0; turn < tries || now.tv_sec - begin.tv_sec < 1; turn++) {
    if (turn % 64 == 0) clock_gettime(CLOCK_MONOTONIC, &now);
    made++;
    int type = is(way, "sendto") ? SOCK_DGRAM : SOCK_STREAM;
    int descriptor = socket(local ? AF_UNIX : AF_INET, type | SOCK_CLOEXEC | (local ? 0 : SOCK_NONBLOCK), 0);
    if (descriptor < 0) refused("socket", errno);
    long result = is(way, "sendto")
                      ? sendto(descriptor, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&shared, length)
                      : connect(descriptor, (struct sockaddr *)&shared, length);
    if (result >= 0 || errno == EINPROGRESS) succeeded++;
    else if (errno == EACCES || errno == EPERM) denied++;
    close(descriptor);
    if (listener >= 0) {
      char drop[16];
      if (is(way, "unix")) {
        int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (peer >= 0) close(peer);
      } else {
        recv(listener, drop, sizeof drop, MSG_DONTWAIT);
      }
    }
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  char what[128];
  snprintf(what, sizeof what, "tried %ld: %ld went through, %ld were refused", made, succeeded, denied);
  reached(what);
}
