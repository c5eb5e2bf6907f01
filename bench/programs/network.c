/*
 * What the network costs a program. Prints nanoseconds for each, or bytes in a second.
 *   connects <address> <port> <count>   connect to a listener of its own, accept and close, one after the other
 *   asks <name> <count>                 look-ups over one connection to the name server of resolv.conf
 *   sends <name or address> <port> <megabytes>   to a far side that reads to the end
 *   idles <name or address> <port> <count>       that many connections, held until standard input ends
 */
#include "../../e2e/confinement/kit/support/attack.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int open_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET}, *found = NULL;
  if (getaddrinfo(host, port, &hints, &found) != 0) broken("getaddrinfo");
  int descriptor = (int)prepare("socket", socket(AF_INET, SOCK_STREAM, 0));
  prepare("connect", connect(descriptor, found->ai_addr, found->ai_addrlen));
  freeaddrinfo(found);
  return descriptor;
}

static void read_all(int descriptor, unsigned char *out, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t count = recv(descriptor, out + got, size - got, 0);
    if (count <= 0) broken("recv");
    got += (size_t)count;
  }
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *host = argument(argc, argv, 2);
  if (is(way, "connects")) {
    int count = atoi(argument(argc, argv, 4));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3]))};
    inet_pton(AF_INET, host, &to.sin_addr);
    int listener = (int)prepare("socket", socket(AF_INET, SOCK_STREAM, 0));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    prepare("bind", bind(listener, (struct sockaddr *)&to, sizeof to));
    prepare("listen", listen(listener, 16));
    double start = now();
    for (int index = 0; index < count; index++) {
      int descriptor = (int)prepare("socket", socket(AF_INET, SOCK_STREAM, 0));
      prepare("connect", connect(descriptor, (struct sockaddr *)&to, sizeof to));
      close((int)prepare("accept", accept(listener, NULL, NULL)));
      close(descriptor);
    }
    printf("%.0f\n", (now() - start) / count);
  } else if (is(way, "asks")) {
    int count = atoi(argument(argc, argv, 3));
    char server[64] = "", line[256];
    FILE *file = fopen("/etc/resolv.conf", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      if (sscanf(line, "nameserver %63s", server) == 1) break;
    }
    int descriptor = open_to(server, "53");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    unsigned char query[512] = {0, 0, 0x12, 0x34, 1, 0, 0, 1};
    size_t size = 14;
    for (const char *label = host; *label != 0;) {
      size_t length = strcspn(label, ".");
      query[size] = (unsigned char)length;
      memcpy(query + size + 1, label, length);
      size += 1 + length;
      label += length + (label[length] == '.');
    }
    memcpy(query + size, "\0\0\1\0\1", 5);
    size += 5;
    query[1] = (unsigned char)(size - 2);
    double start = now();
    for (int index = 0; index < count; index++) {
      unsigned char answer[65538];
      prepare("send", send(descriptor, query, size, MSG_NOSIGNAL));
      read_all(descriptor, answer, 2);
      read_all(descriptor, answer + 2, (size_t)answer[0] << 8 | answer[1]);
    }
    printf("%.0f\n", (now() - start) / count);
  } else if (is(way, "sends")) {
    size_t total = (size_t)atoi(argument(argc, argv, 4)) << 20;
    static char block[1 << 18];
    int descriptor = open_to(host, argument(argc, argv, 3));
    double start = now();
    for (size_t sent = 0; sent < total;) {
      ssize_t count = send(descriptor, block, sizeof block, MSG_NOSIGNAL);
      if (count < 0) broken("send");
      sent += (size_t)count;
    }
    shutdown(descriptor, SHUT_WR);
    if (recv(descriptor, block, sizeof block, 0) < 0) broken("recv");
    printf("%.0f\n", (double)total / ((now() - start) / 1e9));
  } else {
    int count = atoi(argument(argc, argv, 4));
    for (int index = 0; index < count; index++) {
      int descriptor = open_to(host, argv[3]);
      prepare("send", send(descriptor, "hello", 5, MSG_NOSIGNAL));
    }
    puts("held");
    fflush(stdout);
    while (getchar() != EOF) continue;
  }
  return 0;
}
