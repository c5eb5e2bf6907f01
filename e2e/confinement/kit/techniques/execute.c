/*
 * Executes a program by one of the routes to it. execute <way> <program> [inside folder]; the program prints EXECUTED.
 * Family: execution
 * Facts: Landlock refuses execve of a file without the execute right, but a program in memory (man 2 memfd_create) belongs
 * to no folder, and the dynamic loader maps any program that can be read (man 8 ld.so).
 * Witness: the program says that it was executed.
 * Cases: name | what it tries | attack | twin | marks
 *   execve | execute a program that may only be read: execve | execve {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   symlink | execute a program that may only be read: symlink | symlink {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   execveat-fd | execute a program that may only be read: execveat-fd | execveat-fd {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   fexecve-read-only | execute a program that may only be read: fexecve-read-only | fexecve-read-only {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   proc-fd | execute a program that may only be read: proc-fd | proc-fd {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   copied | execute a program that may only be read: copied | copied {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   script | execute a program that may only be read: script | script {readfolder}/program {grant} | execve {program} {grant} | event=exec program surface
 *   memfd | execute a program that lies in memory: memfd | memfd {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   memfd-proc | execute a program that lies in memory: memfd-proc | memfd-proc {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 */
#include "attack.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

#ifndef SYS_execveat
#define SYS_execveat 322
#endif

extern char **environ;

static void run(const char *way, const char *program, const char *inside) {
  char *const arguments[] = {(char *)program, "executed", NULL};
  char spelled[4096];
  if (is(way, "execve")) execve(program, arguments, environ);
  else if (is(way, "symlink")) {
    snprintf(spelled, sizeof spelled, "%s/program-%d", inside, getpid());
    prepare("symlink", symlink(program, spelled));
    execve(spelled, arguments, environ);
  } else if (is(way, "execveat-fd")) {
    int descriptor = (int)must("open with O_PATH", open(program, O_PATH));
    syscall(SYS_execveat, descriptor, "", arguments, environ, AT_EMPTY_PATH);
  } else if (is(way, "fexecve-read-only")) {
    int descriptor = (int)must("open", open(program, O_RDONLY));
    syscall(SYS_execveat, descriptor, "", arguments, environ, AT_EMPTY_PATH);
  } else if (is(way, "proc-fd")) {
    int descriptor = (int)must("open with O_PATH", open(program, O_PATH));
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", descriptor);
    execve(spelled, arguments, environ);
  } else if (is(way, "memfd") || is(way, "memfd-proc")) {
    int source = (int)must("open", open(program, O_RDONLY));
    int memory = (int)must("memfd_create", memfd_create("program", 0));
    struct stat status;
    fstat(source, &status);
    must("copy", sendfile(memory, source, NULL, (size_t)status.st_size));
    if (is(way, "memfd")) syscall(SYS_execveat, memory, "", arguments, environ, AT_EMPTY_PATH);
    else {
      snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", memory);
      execve(spelled, arguments, environ);
    }
  } else if (is(way, "copied")) {
    /* a copy in the folder the server may write */
    snprintf(spelled, sizeof spelled, "%s/copy-%d", inside, getpid());
    int source = (int)must("open", open(program, O_RDONLY));
    int copy = (int)must("create", open(spelled, O_CREAT | O_WRONLY, 0700));
    struct stat status;
    fstat(source, &status);
    must("copy", sendfile(copy, source, NULL, (size_t)status.st_size));
    close(copy);
    execve(spelled, arguments, environ);
  } else if (is(way, "loader")) {
    const char *loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1"};
    for (size_t index = 0; index < sizeof loaders / sizeof *loaders; index++) {
      char *const loaded[] = {(char *)loaders[index], (char *)program, "executed", NULL};
      execve(loaders[index], loaded, environ);
      if (errno != ENOENT) break;
    }
  } else if (is(way, "script")) {
    snprintf(spelled, sizeof spelled, "%s/script-%d", inside, getpid());
    int script = (int)must("create", open(spelled, O_CREAT | O_WRONLY, 0700));
    dprintf(script, "#!%s\n", program);
    close(script);
    execve(spelled, arguments, environ);
  } else {
    errno = EINVAL;
    broken("way");
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && is(argv[1], "executed")) reached("EXECUTED");
  /* a script interpreter gets the script's path as well */
  if (argc >= 2 && strstr(argv[1], "/script-") != NULL) reached("EXECUTED");
  run(argument(argc, argv, 1), argument(argc, argv, 2), argc > 3 ? argv[3] : "");
  refused("execute", errno);
}
