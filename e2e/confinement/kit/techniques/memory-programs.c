/*
 * Runs code that was never granted to be run, from memory or from where it may write. memory-programs <way> <program> <grant>
 * Family: execution
 * Facts: a program in memory belongs to no folder (man 2 memfd_create, MFD_EXEC since Linux 6.3), an unnamed file has no path
 * (O_TMPFILE), shared memory is a file of /dev/shm, and the dynamic loader maps what it may read (man 8 ld.so).
 * Witness: the program says that it was executed.
 * Cases: name | what it tries | attack | twin | marks
 *   memfd-exec | a memory file that asks for the right to execute | memfd-exec {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   memfd-sealed | a memory file that is sealed first | memfd-sealed {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   memfd-script | a script in memory | memfd-script {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   unnamed | an unnamed file of the granted folder | unnamed {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   shared-memory | a program in shared memory | shared-memory {program} {grant} | execve {program} {grant} | event=exec,file.create,file.write surface
 *   hard-link | a hard link in the granted folder | hard-link {readfolder}/program {grant} | execve {program} {grant} | event=exec,file.create,file.rename,file.write program surface
 *   written-over | an own file that is written over while it is open | written-over {program} {grant} | execve {program} {grant} | event=exec,syscall surface
 *   interpreter | a script whose interpreter lies in the granted folder | interpreter {program} {grant} | execve {program} {grant} | event=exec surface
 *   map-files | a program through the map of its memory | map-files {program} {grant} | execve {program} {grant} | event=exec,syscall,file.read surface
 */
#include "attack.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

extern char **environ;

static void copy(const char *program, int to) {
  int source = (int)prepare("open", open(program, O_RDONLY));
  struct stat status;
  fstat(source, &status);
  must("copy", sendfile(to, source, NULL, (size_t)status.st_size));
  close(source);
}

static void run(int descriptor) {
  char *const arguments[] = {"program", "executed", NULL};
  syscall(SYS_execveat, descriptor, "", arguments, environ, AT_EMPTY_PATH);
  refused("execute", errno);
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1), *program = argument(argc, argv, 2), *grant = argument(argc, argv, 3);
  char path[4200], other[4200];
  char *const arguments[] = {"program", "executed", NULL};
  snprintf(path, sizeof path, "%s/own-%d", grant, getpid());
  if (is(way, "execve")) execve(program, arguments, environ);
  else if (is(way, "memfd-exec") || is(way, "memfd-sealed")) {
    int memory = (int)must("memfd_create", syscall(SYS_memfd_create, "program", (is(way, "memfd-exec") ? 0x10u /* MFD_EXEC */ : 0) | MFD_ALLOW_SEALING));
    copy(program, memory);
    fchmod(memory, 0755);
    if (is(way, "memfd-sealed")) fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
    run(memory);
  } else if (is(way, "memfd-script")) {
    int memory = (int)must("memfd_create", syscall(SYS_memfd_create, "script", 0u));
    dprintf(memory, "#!/bin/sh\necho 'REACHED EXECUTED'\n");
    fchmod(memory, 0755);
    run(memory);
  } else if (is(way, "unnamed")) {
    int unnamed = (int)must("O_TMPFILE", open(grant, O_TMPFILE | O_RDWR, 0755));
    copy(program, unnamed);
    snprintf(other, sizeof other, "/proc/self/fd/%d", unnamed);
    int again = (int)must("open again", open(other, O_RDONLY));
    close(unnamed);
    run(again);
  } else if (is(way, "shared-memory")) {
    snprintf(other, sizeof other, "/kit-%d", getpid());
    int memory = (int)must("shm_open", shm_open(other, O_CREAT | O_RDWR, 0755));
    copy(program, memory);
    fchmod(memory, 0755);
    int again = shm_open(other, O_RDONLY, 0);
    shm_unlink(other);
    close(memory);
    run(again);
  } else if (is(way, "hard-link")) {
    must("link", link(program, path));
    execve(path, arguments, environ);
  } else if (is(way, "written-over") || is(way, "interpreter")) {
    int file = (int)must("create", open(path, O_CREAT | O_RDWR, 0755));
    copy(program, file);
    fchmod(file, 0755);
    close(file);
    if (is(way, "interpreter")) {
      snprintf(other, sizeof other, "%s/script-%d", grant, getpid());
      file = (int)must("create", open(other, O_CREAT | O_WRONLY, 0755));
      dprintf(file, "#!%s\n", path);
      fchmod(file, 0755);
      close(file);
      execve(other, arguments, environ);
    } else run((int)must("open", open(path, O_RDONLY)));
  } else if (is(way, "map-files")) {
    int memory = (int)must("memfd_create", syscall(SYS_memfd_create, "program", 0u));
    copy(program, memory);
    fchmod(memory, 0755);
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
    snprintf(other, sizeof other, "/proc/self/map_files/%lx-%lx", (unsigned long)(uintptr_t)mapped, (unsigned long)(uintptr_t)mapped + 4096);
    execve(other, arguments, environ);
  }
  refused("execute", errno);
}
