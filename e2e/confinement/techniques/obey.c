/*
 * Does what standard input says, a line each, and answers with a line: `done <what>` or the error's name. It stands for a server that is
 * running while its grants change.
 *   read <path>, write <path>, make <path>, list <path>, mode <path> (changes it), start <path> (a program), connect <port>,
 *   lookup <name>, link <address> (asks for it to be opened), hold <path> (opens and keeps), again (reads what it keeps)
 */
#include "attack.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

static int held = -1;

static void answer(long result, const char *what) {
  if (result < 0) printf("%s\n", strerrorname_np(errno));
  else printf("done %s\n", what);
  fflush(stdout);
}

static void read_from(int descriptor) {
  char text[256];
  ssize_t n = descriptor < 0 ? -1 : pread(descriptor, text, sizeof text - 1, 0);
  if (n >= 0) {
    text[n] = 0;
    text[strcspn(text, "\n")] = 0;
  }
  answer(n, n >= 0 ? text : "");
}

/* A page's start: what is read of this memory from outside is read up to the end of a page, and a word is to be found in one piece. */
static _Alignas(4096) char line[8192];

int main(void) {
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    char *what = strchr(line, ' ');
    if (what != NULL) *what++ = 0;
    else what = "";
    if (is(line, "read")) {
      int descriptor = open(what, O_RDONLY);
      read_from(descriptor);
      if (descriptor >= 0) close(descriptor);
    } else if (is(line, "write")) {
      int descriptor = open(what, O_WRONLY | O_APPEND);
      answer(descriptor < 0 ? -1 : write(descriptor, "written\n", 8), "write");
      if (descriptor >= 0) close(descriptor);
    } else if (is(line, "make")) {
      int descriptor = open(what, O_WRONLY | O_CREAT | O_EXCL, 0666);
      answer(descriptor, "make");
      if (descriptor >= 0) close(descriptor);
    } else if (is(line, "list")) {
      int descriptor = open(what, O_RDONLY | O_DIRECTORY);
      answer(descriptor, "list");
      if (descriptor >= 0) close(descriptor);
    } else if (is(line, "mode")) {
      answer(chmod(what, 0640), "mode");
    } else if (is(line, "start")) {
      pid_t child = fork();
      if (child == 0) {
        execl(what, what, NULL);
        _exit(errno);
      }
      int status = 0;
      waitpid(child, &status, 0);
      errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
      answer(errno == 0 ? 0 : -1, "start");
    } else if (is(line, "hold")) {
      held = open(what, O_RDONLY);
      answer(held, "hold");
    } else if (is(line, "again")) {
      read_from(held);
    } else if (is(line, "lookup")) {
      struct addrinfo *found = NULL;
      int result = getaddrinfo(what, "443", NULL, &found);
      printf(result == 0 ? "done lookup\n" : "nothing found\n");
      fflush(stdout);
      if (found != NULL) freeaddrinfo(found);
    } else if (is(line, "link")) {
      if (fork() == 0) {
        dup2(2, 1);
        execlp("xdg-open", "xdg-open", what, (char *)NULL);
        _exit(127);
      }
      answer(0, "link");
    } else if (is(line, "connect")) {
      struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(what)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
      int descriptor = socket(AF_INET, SOCK_STREAM, 0);
      answer(connect(descriptor, (struct sockaddr *)&to, sizeof to), "connect");
      close(descriptor);
    } else {
      printf("unknown\n");
      fflush(stdout);
    }
  }
  return 0;
}
