/*
 * Starts a program that runs as root, whoever starts it. set-user-id <way> <program>
 * Family: set-user-id
 * Facts: the mark of a file makes a program run as the file's owner (man 2 execve), unless no_new_privs is set (man 2 prctl). Holes
 * in such programs and in the dynamic loader lead to root: CVE-2021-4034 (pkexec without arguments), CVE-2023-4911 (glibc's
 * GLIBC_TUNABLES, fixed in 2.39), CVE-2021-3156 (sudo 1.9.5p2).
 * Witness: the effective user or the capabilities of the program, in /proc.
 * Silent: the program may be executed; it just gains nothing.
 * Cases: name | what it tries | attack | twin | marks
 *   su | start su and look who it is | start /usr/bin/su | start /usr/bin/cat | surface silent
 *   no-arguments | start it with an empty list of arguments (CVE-2021-4034) | empty /usr/bin/su | start /usr/bin/cat | surface silent
 *   tunables | start it with settings for the loader (CVE-2023-4911) | tunables /usr/bin/su | start /usr/bin/cat | surface silent
 *   mount | start mount, which may change what paths mean | start /usr/bin/mount | start /usr/bin/cat | surface silent
 *   passwd | start passwd | start /usr/bin/passwd | start /usr/bin/cat | surface silent
 *   newgrp | start newgrp | start /usr/bin/newgrp | start /usr/bin/cat | surface silent
 *   by-descriptor | start it by its descriptor | descriptor /usr/bin/su | start /usr/bin/cat | surface silent
 */
#include "attack.h"

#include <sys/prctl.h>

extern char **environ;

/* The program is kept from going on by a pipe that never says anything; its credentials are those it got at its start. */
int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *program = argument(argc, argv, 2);
  int silence[2], said[2];
  prepare("pipe", pipe(silence));
  prepare("pipe", pipe2(said, O_CLOEXEC));
  pid_t child = (pid_t)must("fork", fork());
  if (child == 0) {
    dup2(silence[0], 0);
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 1);
    dup2(nothing, 2);
    char *const usual[] = {(char *)program, NULL}, *const none[] = {NULL};
    char *const tuned[] = {"GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A", "LD_PRELOAD=/none.so", NULL};
    if (is(way, "empty")) execve(program, none, environ);
    else if (is(way, "tunables")) execve(program, usual, tuned);
    else if (is(way, "descriptor")) syscall(SYS_execveat, open(program, O_PATH | O_CLOEXEC), "", usual, environ, AT_EMPTY_PATH);
    else execve(program, usual, environ);
    (void)!write(said[1], &errno, sizeof errno);
    _exit(127);
  }
  close(said[1]);
  int error = 0;
  if (read(said[0], &error, sizeof error) > 0) refused("execve", error);
  char path[64], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/status", child);
  int effective = (int)getuid();
  for (int wait = 0; wait < 20; wait++) {
    int status = open(path, O_RDONLY);
    ssize_t length = status < 0 ? -1 : read(status, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    close(status);
    const char *line = strstr(text, "\nUid:");
    if (line != NULL) sscanf(line, "\nUid:\t%*d\t%d", &effective);
    if (effective == 0) break;
    if (waitpid(child, NULL, WNOHANG) == child) break;
    usleep(2000);
  }
  kill(child, SIGKILL);
  close(silence[1]);
  if (is(program, "/usr/bin/cat")) reached("started");
  if (effective == 0 && getuid() != 0) reached("it runs as root");
  refused("it is still the same user", EPERM);
}
