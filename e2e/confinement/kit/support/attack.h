/*
 * What every attack program shares. An attack says on one line of standard output what happened and leaves:
 *   REACHED <what it got>      exit 0    it got through
 *   REFUSED <ERRNO> <step>     exit 10   a call was refused
 *   ABSENT <step>              exit 11   this kernel does not offer the call at all (only meaningful without the launcher)
 *   BROKEN <step> <errno>      exit 12   the attack itself failed: a defect of the test
 * Targets are arguments, so that the same program is the attack (outside) and its allowed twin (inside).
 */
#ifndef BELLJAR_ATTACK_H
#define BELLJAR_ATTACK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct attack_errno {
  int value;
  const char *name;
};

__attribute__((unused)) static const char *errno_name(int value) {
  static const struct attack_errno names[] = {
      {EPERM, "EPERM"},
      {EACCES, "EACCES"},
      {ENOSYS, "ENOSYS"},
      {EXDEV, "EXDEV"},
      {ENOENT, "ENOENT"},
      {ESRCH, "ESRCH"},
      {EBUSY, "EBUSY"},
      {EBADF, "EBADF"},
      {EROFS, "EROFS"},
      {EINVAL, "EINVAL"},
      {ENOTTY, "ENOTTY"},
      {EFAULT, "EFAULT"},
      {ENODEV, "ENODEV"},
      {EEXIST, "EEXIST"},
      {ENOTDIR, "ENOTDIR"},
      {EISDIR, "EISDIR"},
      {ELOOP, "ELOOP"},
      {EAGAIN, "EAGAIN"},
      {EOPNOTSUPP, "EOPNOTSUPP"},
      {ENOPROTOOPT, "ENOPROTOOPT"},
      {EAFNOSUPPORT, "EAFNOSUPPORT"},
      {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
      {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"},
      {ENETUNREACH, "ENETUNREACH"},
      {EHOSTUNREACH, "EHOSTUNREACH"},
      {ECONNREFUSED, "ECONNREFUSED"},
      {ECONNRESET, "ECONNRESET"},
      {EINPROGRESS, "EINPROGRESS"},
      {ETIMEDOUT, "ETIMEDOUT"},
      {ENOEXEC, "ENOEXEC"},
      {ENOKEY, "ENOKEY"},
      {EDESTADDRREQ, "EDESTADDRREQ"},
      {ENOTCONN, "ENOTCONN"},
      {EMSGSIZE, "EMSGSIZE"},
      {EPIPE, "EPIPE"},
      {ENOMEM, "ENOMEM"},
      {EIDRM, "EIDRM"},
      {ECHILD, "ECHILD"},
      {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
      {EADDRINUSE, "EADDRINUSE"},
  };
  static char number[24];
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    if (names[index].value == value) return names[index].name;
  }
  snprintf(number, sizeof number, "E%d", value);
  return number;
}

__attribute__((unused, noreturn)) static void reached(const char *what) {
  printf("REACHED %s\n", what);
  fflush(stdout);
  _exit(0);
}

__attribute__((unused, noreturn)) static void refused(const char *step, int error) {
  printf("REFUSED %s %s\n", errno_name(error), step);
  fflush(stdout);
  _exit(10);
}

__attribute__((unused, noreturn)) static void absent(const char *step) {
  printf("ABSENT %s\n", step);
  fflush(stdout);
  _exit(11);
}

__attribute__((unused, noreturn)) static void broken(const char *step) {
  printf("BROKEN %s %s\n", step, errno_name(errno));
  fflush(stdout);
  _exit(12);
}

/* A step of the attack: when it fails the attack was refused there. */
__attribute__((unused)) static long must(const char *step, long result) {
  if (result < 0) refused(step, errno);
  return result;
}

/* A step that is preparation: when it fails the test is broken. */
__attribute__((unused)) static long prepare(const char *step, long result) {
  if (result < 0) broken(step);
  return result;
}

/*
 * For calls whose harm needs a privilege or a real object: they are made with arguments that do nothing. Any answer that
 * is not a refusal means that the kernel looked at the arguments, so the call was within reach.
 */
__attribute__((unused, noreturn)) static void judge(const char *step, long result) {
  if (result >= 0) reached(step);
  if (errno == EPERM || errno == EACCES) refused(step, errno);
  if (errno == ENOSYS || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT) {
    refused(step, errno);
  }
  char what[160];
  snprintf(what, sizeof what, "%s (the kernel answered %s)", step, errno_name(errno));
  reached(what);
}

/* Reads what a descriptor gives and shows it, so that a leak is seen in the output and not only in a return value. */
__attribute__((unused, noreturn)) static void reached_content(int descriptor, const char *step) {
  char content[512];
  ssize_t length = read(descriptor, content, sizeof content - 1);
  if (length < 0) refused(step, errno);
  content[length] = 0;
  for (ssize_t index = 0; index < length; index++) {
    if (content[index] == '\n' || content[index] == 0) content[index] = ' ';
  }
  reached(content);
}

__attribute__((unused)) static const char *argument(int argc, char **argv, int index) {
  if (index >= argc) {
    errno = EINVAL;
    broken("argument missing");
  }
  return argv[index];
}

__attribute__((unused)) static bool is(const char *text, const char *word) { return strcmp(text, word) == 0; }
#endif
