/*
 * A server whose client asks it for files and connections. asking-server
 * Each line of its input is `<id> <what> <argument> [argument]`, each is done by a thread of its own, and `<id> <outcome>` is
 * written when it is done: the name of the error, or what was found. `hello` writes what a server answers to initialize.
 * Facts: a call that waits for a person holds its own thread and no other one.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/un.h>

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void say_to(int output_descriptor, const char *id, const char *outcome) {
  char line[8192];
  int length = snprintf(line, sizeof line, "%s %s\n", id, outcome);
  pthread_mutex_lock(&output);
  if (write(output_descriptor, line, (size_t)length) != length) _exit(3);
  pthread_mutex_unlock(&output);
}

static void say(const char *id, const char *outcome) { say_to(1, id, outcome); }

static void say_error(const char *id, int error) { say(id, strerrorname_np(error)); }

static void connected(const char *id, int descriptor, const struct sockaddr *to, socklen_t size) {
  char text[64] = "connected";
  if (connect(descriptor, to, size) != 0) {
    say_error(id, errno);
  } else {
    ssize_t length = read(descriptor, text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    say(id, length > 0 ? text : "closed");
  }
  close(descriptor);
}

static void *flood_opens(void *argument) {
  /* <folder> <first> <last> */
  char folder[4096];
  int first, last;
  long *refusals = calloc(1, sizeof *refusals);
  if (sscanf(argument, "%4095s %d %d", folder, &first, &last) != 3) return refusals;
  for (int i = first; i < last; i++) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%d", folder, i);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == EACCES) (*refusals)++;
    if (descriptor >= 0) close(descriptor);
  }
  return refusals;
}

static void *obey(void *line) {
  char id[32], what[32], first[4200] = "", second[64] = "";
  if (sscanf(line, "%31s %31s %4199s %63s", id, what, first, second) < 2) return NULL;
  if (is(what, "hello") || is(what, "hello-through-a-copy")) {
    int copy = is(what, "hello") ? 1 : fcntl(1, F_DUPFD_CLOEXEC, 3);
    say_to(copy, "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"serverInfo\":{\"name\":\"a\",\"version\":\"1\"}}}", "");
  } else if (is(what, "read") || is(what, "append") || is(what, "make")) {
    int flags = is(what, "read") ? O_RDONLY : is(what, "append") ? O_WRONLY | O_APPEND : O_WRONLY | O_CREAT | O_TRUNC;
    int descriptor = open(first, flags | O_CLOEXEC, 0664);
    char text[64] = "written";
    if (descriptor < 0) {
      say_error(id, errno);
      return NULL;
    }
    ssize_t length = flags == O_RDONLY ? read(descriptor, text, sizeof text - 1) : write(descriptor, "more\n", 5);
    if (flags == O_RDONLY) text[length > 0 ? length : 0] = 0;
    for (char *end = text; *end; end++) {
      if (*end == '\n') *end = 0;
    }
    /* whatever was opened is only what was asked for */
    if (flags == O_RDONLY && write(descriptor, "x", 1) >= 0) strcpy(text, "writable");
    say(id, length < 0 ? strerrorname_np(errno) : text);
    close(descriptor);
  } else if (is(what, "list")) {
    int descriptor = open(first, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    say(id, descriptor < 0 ? strerrorname_np(errno) : "listed");
  } else if (is(what, "connect")) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(second))};
    inet_pton(AF_INET, first, &to.sin_addr);
    connected(id, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&to, sizeof to);
  } else if (is(what, "reach")) {
    /* somebody who speaks only when he is spoken to */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(second))};
    inet_pton(AF_INET, first, &to.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    say(id, connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0 ? "reached" : strerrorname_np(errno));
    close(descriptor);
  } else if (is(what, "unix")) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", first);
    connected(id, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&to, sizeof to);
  } else if (is(what, "look-up")) {
    struct addrinfo hint = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int code = getaddrinfo(first, NULL, &hint, &found);
    char text[INET_ADDRSTRLEN] = "";
    if (code == 0) inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text, sizeof text);
    say(id, code == 0 ? text : gai_strerror(code));
  } else if (is(what, "flood")) {
    /* a thousand different places by eight threads at the same time */
    pthread_t threads[8];
    char arguments[8][4300];
    long refusals = 0;
    for (int i = 0; i < 8; i++) {
      snprintf(arguments[i], sizeof arguments[i], "%s %d %d", first, i * 125, (i + 1) * 125);
      pthread_create(&threads[i], NULL, flood_opens, arguments[i]);
    }
    for (int i = 0; i < 8; i++) {
      void *count = NULL;
      pthread_join(threads[i], &count);
      refusals += *(long *)count;
    }
    char text[32];
    snprintf(text, sizeof text, "refused %ld", refusals);
    say(id, text);
  } else if (is(what, "read-in-child")) {
    /* says which process waits, and nothing of what comes of it */
    pid_t child = fork();
    if (child == 0) _exit(open(first, O_RDONLY | O_CLOEXEC) < 0);
    char text[32];
    snprintf(text, sizeof text, "%d", child);
    say(id, text);
    waitpid(child, NULL, 0);
  } else if (is(what, "kill")) {
    say(id, kill(atoi(first), SIGKILL) == 0 ? "killed" : strerrorname_np(errno));
  } else if (is(what, "stay")) {
    /* when it is told to end */
    signal(SIGTERM, SIG_IGN);
    say(id, "stays");
  } else if (is(what, "descriptors")) {
    /* any socket that is not one of its own three would be a way to somebody outside */
    long sockets = 0;
    for (int i = 3; i < 65536; i++) {
      struct stat info;
      if (fstat(i, &info) == 0 && S_ISSOCK(info.st_mode)) sockets++;
    }
    char text[32];
    snprintf(text, sizeof text, "sockets %ld", sockets);
    say(id, text);
  } else if (is(what, "end")) {
    _exit(0);
  }
  free(line);
  return NULL;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, obey, strdup(line)) != 0) return 1;
    pthread_detach(thread);
  }
  return 0;
}
