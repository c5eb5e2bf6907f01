/*
 * Races a supervisor that makes connections on its own copy of the address, with an allowed host and a refused one:
 * race <milliseconds for each way> <allowed name> <its port> <refused address> [<one way>]
 *   address   the allowed address and the refused one in turn, in the same bytes
 *   port      the allowed port and another one of the allowed address
 *   mapped    the same addresses, mapped into IPv6
 *   resolver  the name server that /etc/resolv.conf names, and the refused address
 *   length    the length changes between too short and right while the address is the refused one
 *   socket    another thread puts other sockets in the place of the one that is being connected
 *   names     threads look up the allowed name and others, while the refused address is tried
 * Says how many connects went through or were on their way, and how many were refused; what counts is what arrived.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_bool stop;
static struct sockaddr_storage shared, choices[2];
static socklen_t size, sizes[2];
static _Atomic socklen_t shared_size;
static atomic_int shared_socket;
static const char *allowed_name, *allowed_port;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void *swap_address(void *nothing) {
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    memcpy(&shared, &choices[turn & 1], sizeof(struct sockaddr_in6));
    atomic_store_explicit(&shared_size, sizes[turn & 1], memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
  }
  return nothing;
}

static void *swap_socket(void *nothing) {
  int other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  while (!atomic_load(&stop)) {
    int at = atomic_load(&shared_socket);
    if (at > 0) dup2(other, at);
  }
  close(other);
  return nothing;
}

static void *look_up(void *name) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  while (!atomic_load(&stop)) {
    if (getaddrinfo(name, allowed_port, &hints, &found) == 0) freeaddrinfo(found);
  }
  return NULL;
}

static struct sockaddr_storage address_of(const char *text, int port, int mapped) {
  struct sockaddr_storage out = {0};
  struct sockaddr_in *four = (struct sockaddr_in *)&out;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;
  struct in_addr bytes;
  inet_pton(AF_INET, text, &bytes);
  if (mapped) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    six->sin6_addr.s6_addr[10] = six->sin6_addr.s6_addr[11] = 0xff;
    memcpy(&six->sin6_addr.s6_addr[12], &bytes, 4);
  } else {
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    four->sin_addr = bytes;
  }
  return out;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  double each = atof(argv[1]);
  allowed_name = argv[2];
  allowed_port = argv[3];
  const char *refused = argv[4];
  int port = atoi(allowed_port);
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(allowed_name, allowed_port, &hints, &found) != 0) return 3;
  char allowed[INET_ADDRSTRLEN], server[64] = "127.0.0.1", line[256];
  inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, allowed, sizeof allowed);
  FILE *file = fopen("/etc/resolv.conf", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) sscanf(line, "nameserver %63s", server);
  static const char *const ways[] = {"address", "port", "mapped", "resolver", "length", "socket", "names"};
  for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
    if (argc > 5 && strcmp(ways[way], argv[5]) != 0) continue;
    int mapped = strcmp(ways[way], "mapped") == 0;
    choices[0] = address_of(strcmp(ways[way], "resolver") == 0 ? server : allowed, strcmp(ways[way], "resolver") == 0 ? 53 : port, mapped);
    choices[1] = address_of(strcmp(ways[way], "port") == 0 ? allowed : refused, strcmp(ways[way], "port") == 0 ? port + 1 : port, mapped);
    size = mapped ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    sizes[0] = sizes[1] = size;
    if (strcmp(ways[way], "length") == 0) {
      choices[0] = choices[1];
      sizes[0] = 4;
    }
    int names = strcmp(ways[way], "names") == 0, sockets = strcmp(ways[way], "socket") == 0;
    if (names) choices[0] = choices[1];
    shared = choices[0];
    atomic_store(&shared_size, size);
    atomic_store(&shared_socket, 0);
    atomic_store(&stop, 0);
    pthread_t threads[3];
    int started = 0;
    if (names) {
      const char *three[] = {allowed_name, "other.example", "rebind.example"};
      for (; started < 3; started++) pthread_create(&threads[started], NULL, look_up, (void *)three[started]);
    } else {
      pthread_create(&threads[started++], NULL, swap_address, NULL);
      if (sockets) pthread_create(&threads[started++], NULL, swap_socket, NULL);
    }
    long through = 0, denied = 0, other = 0;
    for (double end = now() + each; now() < end;) {
      int made = socket(mapped ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (made < 0) return 4;
      if (sockets) atomic_store(&shared_socket, made);
      int result = connect(made, (struct sockaddr *)&shared, atomic_load(&shared_size));
      if (result == 0 || errno == EINPROGRESS) through++;
      else if (errno == EACCES || errno == EPERM) denied++;
      else other++;
      if (sockets) atomic_store(&shared_socket, 0);
      close(made);
    }
    atomic_store(&stop, 1);
    while (started > 0) pthread_join(threads[--started], NULL);
    printf("%s through %ld denied %ld other %ld\n", ways[way], through, denied, other);
    fflush(stdout);
  }
  return 0;
}
