/*
 * Reaches hosts by name. names <way> [argument...]
 *   look-up <name>                      the addresses that getaddrinfo gives
 *   connect <name> <port> <hex> [how]   looks up, connects to each address in turn, sends, reads the answer
 *   direct <address> <port> <hex> [how] the same without looking up
 *   ask <hex>                           a DNS message to the name server of resolv.conf over TCP; the answer in hex
 *   many <name> <port> <count>          that many at once, each in a thread
 *   resets <name> <port> <count>        that many, one after the other; how many of them ended by a reset
 *   udp <address> <port> <how>          a datagram: connect, sendto or sendmsg, and its answer
 *   hosts <name>                        the address that /etc/hosts alone gives (no other file is opened before)
 *   first-of <name> <port> <hex>        what /etc/hosts alone gives, connected to
 * how: blocking (default), waiting (non-blocking and poll), six (from an IPv6 socket), split (each byte alone), leave (says nothing
 * and ends)
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/uio.h>

static size_t unhex(const char *text, unsigned char *out, size_t room) {
  size_t size = 0;
  for (; text[0] != 0 && text[1] != 0 && size < room; text += 2) {
    unsigned value = 0;
    sscanf(text, "%2x", &value);
    out[size++] = (unsigned char)value;
  }
  return size;
}

static bool parse(const char *text, uint16_t port, struct sockaddr_storage *to, socklen_t *length) {
  memset(to, 0, sizeof *to);
  struct sockaddr_in *four = (struct sockaddr_in *)to;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    *length = sizeof *four;
    return true;
  }
  if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1) return false;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  *length = sizeof *six;
  return true;
}

static int open_to(const struct sockaddr *to, socklen_t length, const char *how, int *error) {
  struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
  int descriptor = -1;
  if (is(how, "six") && to->sa_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)to;
    mapped.sin6_port = four->sin_port;
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&mapped.sin6_addr.s6_addr[12], &four->sin_addr, 4);
    to = (const struct sockaddr *)&mapped;
    length = sizeof mapped;
  }
  descriptor = socket(to->sa_family, SOCK_STREAM | (is(how, "waiting") ? SOCK_NONBLOCK : 0), 0);
  if (descriptor < 0) broken("socket");
  int done = connect(descriptor, to, length);
  *error = done == 0 ? 0 : errno;
  if (*error == EINPROGRESS) {
    struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
    socklen_t size = sizeof *error;
    if (poll(&wait, 1, 15000) == 0) *error = ETIMEDOUT;
    else getsockopt(descriptor, SOL_SOCKET, SO_ERROR, error, &size);
    fcntl(descriptor, F_SETFL, 0);
  }
  if (*error == 0) return descriptor;
  close(descriptor);
  return -1;
}

/* Sends, closes its half, reads to the end. */
static void talk(int descriptor, const char *hex, const char *how) {
  static unsigned char bytes[32768];
  if (is(how, "leave")) reached("left");
  size_t size = unhex(hex, bytes, sizeof bytes);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (is(how, "split")) {
    for (size_t index = 0; index < size; index++) {
      if (send(descriptor, bytes + index, 1, MSG_NOSIGNAL) < 0) refused("send", errno);
      usleep(200);
    }
  } else if (size > 0 && send(descriptor, bytes, size, MSG_NOSIGNAL) < 0) {
    refused("send", errno);
  }
  shutdown(descriptor, SHUT_WR);
  char answer[65536];
  size_t got = 0;
  while (got < sizeof answer - 1) {
    ssize_t count = recv(descriptor, answer + got, sizeof answer - 1 - got, 0);
    if (count < 0) refused("recv", errno);
    if (count == 0) break;
    got += (size_t)count;
  }
  answer[got] = 0;
  for (size_t index = 0; index < got; index++) {
    if ((unsigned char)answer[index] < 0x20 || (unsigned char)answer[index] > 0x7e) answer[index] = '.';
  }
  answer[got < 400 ? got : 400] = 0;
  reached(got == 0 ? "(nothing)" : answer);
}

static struct addrinfo *look_up(const char *name, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int error = getaddrinfo(name, port, &hints, &found);
  if (error == EAI_NONAME || error == EAI_NODATA) refused("getaddrinfo", ENOENT);
  if (error != 0) refused(gai_strerror(error), error == EAI_SYSTEM ? errno : EAGAIN);
  return found;
}

struct one {
  pthread_t thread;
  const char *name;
  const char *port;
  int error;
};

static void *one_of_many(void *argument) {
  struct one *one = argument;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET}, *found = NULL;
  if (getaddrinfo(one->name, one->port, &hints, &found) != 0) {
    one->error = ENOENT;
    return NULL;
  }
  int descriptor = open_to(found->ai_addr, found->ai_addrlen, "blocking", &one->error);
  freeaddrinfo(found);
  if (descriptor < 0) return NULL;
  char text[64], answer[128];
  int size = snprintf(text, sizeof text, "one %p", (void *)one);
  if (send(descriptor, text, (size_t)size, MSG_NOSIGNAL) != size) one->error = errno;
  ssize_t got = 0;
  while (one->error == 0 && got < size + 4) {
    ssize_t count = recv(descriptor, answer + got, sizeof answer - (size_t)got, 0);
    if (count <= 0) one->error = count < 0 ? errno : EPIPE;
    else got += count;
  }
  if (one->error == 0 && memcmp(answer + 4, text, (size_t)size) != 0) one->error = EIO;
  close(descriptor);
  return NULL;
}

static bool from_hosts(const char *name, char *address, size_t room) {
  FILE *file = fopen("/etc/hosts", "r");
  char line[1024];
  if (file == NULL) broken("/etc/hosts");
  while (fgets(line, sizeof line, file) != NULL) {
    char *save = NULL, *first = strtok_r(line, " \t\n", &save);
    for (char *word = first ? strtok_r(NULL, " \t\n", &save) : NULL; word != NULL; word = strtok_r(NULL, " \t\n", &save)) {
      if (!is(word, name)) continue;
      snprintf(address, room, "%s", first);
      return true;
    }
  }
  return false;
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  int error = 0;
  signal(SIGPIPE, SIG_IGN);
  if (is(way, "look-up")) {
    char text[1024] = "";
    for (struct addrinfo *one = look_up(argument(argc, argv, 2), NULL); one != NULL; one = one->ai_next) {
      char host[64];
      getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
      if (strlen(text) + strlen(host) + 2 < sizeof text) strcat(strcat(text, text[0] ? " " : ""), host);
    }
    reached(text);
  }
  if (is(way, "connect")) {
    const char *how = argc > 5 ? argv[5] : "blocking";
    error = ENOENT;
    for (struct addrinfo *one = look_up(argument(argc, argv, 2), argument(argc, argv, 3)); one != NULL; one = one->ai_next) {
      int descriptor = open_to(one->ai_addr, one->ai_addrlen, how, &error);
      if (descriptor >= 0) talk(descriptor, argument(argc, argv, 4), how);
    }
    refused("connect", error);
  }
  if (is(way, "direct") || is(way, "first-of")) {
    const char *how = argc > 5 ? argv[5] : "blocking";
    char address[64];
    struct sockaddr_storage to;
    socklen_t length = 0;
    snprintf(address, sizeof address, "%s", argument(argc, argv, 2));
    if (is(way, "first-of") && !from_hosts(argument(argc, argv, 2), address, sizeof address)) refused("hosts", ENOENT);
    if (!parse(address, (uint16_t)atoi(argument(argc, argv, 3)), &to, &length)) broken("address");
    int descriptor = open_to((struct sockaddr *)&to, length, how, &error);
    if (descriptor < 0) refused("connect", error);
    talk(descriptor, argument(argc, argv, 4), how);
  }
  if (is(way, "hosts")) {
    char address[64];
    if (!from_hosts(argument(argc, argv, 2), address, sizeof address)) refused("hosts", ENOENT);
    reached(address);
  }
  if (is(way, "ask")) {
    char server[64] = "127.0.0.1", line[256];
    FILE *file = fopen("/etc/resolv.conf", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      if (sscanf(line, "nameserver %63s", server) == 1) break;
    }
    struct sockaddr_storage to;
    socklen_t length = 0;
    if (!parse(server, 53, &to, &length)) broken("address");
    int descriptor = open_to((struct sockaddr *)&to, length, "blocking", &error);
    if (descriptor < 0) refused("connect", error);
    for (int index = 2; index < argc; index++) {
      unsigned char message[4096];
      size_t size = unhex(argv[index], message + 2, sizeof message - 2);
      message[0] = (unsigned char)(size >> 8);
      message[1] = (unsigned char)size;
      must("send", send(descriptor, message, size + 2, MSG_NOSIGNAL));
      unsigned char answer[4096];
      size_t got = 0;
      while (got < 2 || got < 2u + ((size_t)answer[0] << 8 | answer[1])) {
        ssize_t count = recv(descriptor, answer + got, sizeof answer - got, 0);
        if (count <= 0) refused("recv", count < 0 ? errno : EPIPE);
        got += (size_t)count;
      }
      if (index + 1 < argc) continue;
      static char text[8200];
      for (size_t at = 2; at < got; at++) sprintf(text + (at - 2) * 2, "%02x", answer[at]);
      reached(text);
    }
  }
  if (is(way, "resets")) {
    size_t count = (size_t)atoi(argument(argc, argv, 4)), good = 0;
    for (size_t index = 0; index < count; index++) {
      struct addrinfo *to = look_up(argument(argc, argv, 2), argument(argc, argv, 3));
      char byte = 'x';
      int descriptor = to == NULL ? -1 : open_to(to->ai_addr, to->ai_addrlen, "blocking", &error);
      if (descriptor >= 0) error = send(descriptor, &byte, 1, MSG_NOSIGNAL) < 0 || recv(descriptor, &byte, 1, 0) < 0 ? errno : 0;
      if (error == ECONNRESET || error == EPIPE) good++;
      else fprintf(stderr, "%zu: %d\n", index, error);
      if (descriptor >= 0) close(descriptor);
    }
    char text[64];
    snprintf(text, sizeof text, "%zu of %zu", good, count);
    reached(text);
  }
  if (is(way, "many")) {
    size_t count = (size_t)atoi(argument(argc, argv, 4));
    struct one *all = calloc(count, sizeof *all);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    for (size_t index = 0; index < count; index++) {
      all[index].name = argument(argc, argv, 2);
      all[index].port = argument(argc, argv, 3);
      if (pthread_create(&all[index].thread, &small, one_of_many, &all[index]) != 0) broken("pthread_create");
    }
    size_t good = 0;
    for (size_t index = 0; index < count; index++) {
      pthread_join(all[index].thread, NULL);
      if (all[index].error == 0) good++;
      else error = all[index].error;
    }
    char text[64];
    snprintf(text, sizeof text, "%zu", good);
    if (good < count) {
      fprintf(stderr, "%zu of %zu\n", good, count);
      refused("one of many", error);
    }
    reached(text);
  }
  if (is(way, "udp")) {
    struct sockaddr_storage to;
    socklen_t length = 0;
    if (!parse(argument(argc, argv, 2), (uint16_t)atoi(argument(argc, argv, 3)), &to, &length)) broken("address");
    const char *how = argument(argc, argv, 4);
    int descriptor = (int)must("socket", socket(to.ss_family, SOCK_DGRAM, 0));
    struct iovec part = {.iov_base = "packet", .iov_len = 6};
    struct msghdr message = {.msg_name = &to, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
    if (is(how, "connect")) {
      must("connect", connect(descriptor, (struct sockaddr *)&to, length));
      must("send", send(descriptor, "packet", 6, 0));
    } else if (is(how, "sendto")) {
      must("sendto", sendto(descriptor, "packet", 6, 0, (struct sockaddr *)&to, length));
    } else {
      must("sendmsg", sendmsg(descriptor, &message, 0));
    }
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    if (poll(&wait, 1, 5000) != 1) refused("poll", ETIMEDOUT);
    char answer[64] = "";
    must("recv", recv(descriptor, answer, sizeof answer - 1, 0));
    reached(answer);
  }
  errno = EINVAL;
  broken("way");
}
