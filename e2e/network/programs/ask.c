/*
 * The C library's own look-up, made for being built statically against musl: ask '<way> <what>'..., one line of answer a
 * task. Ways: get (HTTP by hand, every address in turn), socket.
 * Facts: musl looks names up by datagram, reads /etc/hosts first, knows no nsswitch.conf and no `options use-vc`.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *failure;

static int reach(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int code = getaddrinfo(host, port, &hints, &found);
  if (code != 0) {
    failure = gai_strerror(code);
    return -1;
  }
  int made = -1;
  for (struct addrinfo *one = found; one != NULL && made < 0; one = one->ai_next) {
    made = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 8};
    if (made >= 0) setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (made >= 0) setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (made >= 0 && connect(made, one->ai_addr, one->ai_addrlen) != 0) {
      failure = strerror(errno);
      close(made);
      made = -1;
    } else if (made < 0) {
      failure = strerror(errno);
    }
  }
  freeaddrinfo(found);
  return made;
}

static int get(const char *address, char *text, size_t size) {
  char host[256], port[8] = "80", request[1024];
  const char *start = address + strlen("http://"), *path = strchr(start, '/');
  snprintf(host, sizeof host, "%.*s", path == NULL ? (int)strlen(start) : (int)(path - start), start);
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path == NULL ? "/" : path, host);
  char *colon = strrchr(host, ':'), *end = strchr(host, ']');
  if (colon != NULL && (end == NULL || colon > end)) {
    snprintf(port, sizeof port, "%s", colon + 1);
    *colon = 0;
  }
  if (end != NULL) *end = 0;
  int made = reach(host[0] == '[' ? host + 1 : host, port);
  if (made < 0) return -1;
  size_t length = 0;
  ssize_t part = send(made, request, strlen(request), MSG_NOSIGNAL);
  while (part > 0 && length + 1 < size && (part = recv(made, text + length, size - length - 1, 0)) > 0) length += (size_t)part;
  if (part < 0) failure = strerror(errno);
  close(made);
  if (part < 0) return -1;
  text[length] = 0;
  char *place = strstr(text, "Location: "), *body = strstr(text, "\r\n\r\n");
  if (place != NULL) {
    char next[512];
    snprintf(next, sizeof next, "%.*s", (int)strcspn(place + 10, "\r"), place + 10);
    return get(next, text, size);
  }
  if (body == NULL) {
    failure = "no answer";
    return -1;
  }
  memmove(text, body + 4, strlen(body + 4) + 1);
  text[strcspn(text, "\n")] = 0;
  return 0;
}

int main(int argc, char **argv) {
  for (int number = 0; number < argc - 1; number++) {
    char text[4096] = "", *task = argv[number + 1], *what = strchr(task, ' ') + 1;
    int done;
    if (strncmp(task, "get ", 4) == 0) {
      done = get(what, text, sizeof text);
    } else {
      char *port = strchr(what, ' ');
      *port = 0;
      done = reach(what, port + 1);
      if (done >= 0) snprintf(text, sizeof text, "connected");
    }
    printf("%d %s %s\n", number, done < 0 ? "error" : "ok", done < 0 ? failure : text);
    fflush(stdout);
  }
  return 0;
}
