/*
 * Uses much of this machine, with ceilings of its own, so that it is no danger where nothing stops it:
 *   processes N     forks until N processes wait at once                (at most 400)
 *   threads N       as many threads                                     (at most 400)
 *   vforks N        one after the other, each gone before the next      (at most 2000): allowed under any bound
 *   memory N MS     fills N MB and holds them for a while               (at most 600)
 *   shared N MS     the same, in memory that children share
 *   children N MS   N children of 50 MB each, until one is ended        (at most 12)
 *   once N MS       one block of N MB, shared with 8 forked children that only read it
 *   file N PATH     writes a file of N KB                               (at most 4096)
 *   descriptors N   opens /dev/null N times                             (at most 4000)
 *   spin N          uses N tenths of a second of processor time         (at most 50)
 */
#include "attack.h"

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

static long bounded(const char *text, long most) {
  long number = atol(text);
  if (number < 1 || number > most) {
    errno = EINVAL;
    broken("a number beyond this program's own ceiling");
  }
  return number;
}

static pid_t made[400];
static long count;

static void end_children(void) {
  for (long i = 0; i < count; i++) kill(made[i], SIGKILL);
  while (wait(NULL) > 0) {
  }
}

/* How many children ended by themselves, looked for until one has, at most for `hold` milliseconds. */
static long await_end(int hold) {
  long ended = 0;
  for (int waited = 0; ended == 0 && waited <= hold; waited += 20) {
    poll(NULL, 0, 20);
    for (long i = 0; i < count; i++) ended += waitpid(made[i], NULL, WNOHANG) > 0;
  }
  return ended;
}

static void *wait_here(void *unused) {
  (void)unused;
  poll(NULL, 0, 20000);
  return NULL;
}

/* Touched, so that it is really there. */
static char *fill(size_t bytes, int flags) {
  char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) refused("mmap", errno);
  for (size_t at = 0; at < bytes; at += 4096) block[at] = (char)(at >> 12 | 1);
  return block;
}

int main(int argc, char **argv) {
  const char *what = argument(argc, argv, 1);
  const char *much = argument(argc, argv, 2);
  int hold = argc > 3 ? atoi(argv[3]) : 0;
  if (is(what, "processes")) {
    long wanted = bounded(much, 400);
    for (; count < wanted; count++) {
      pid_t child = fork();
      if (child == 0) {
        poll(NULL, 0, 20000);
        _exit(0);
      }
      if (child < 0) {
        int error = errno;
        fprintf(stderr, "processes %ld\n", count);
        end_children();
        refused("fork", error);
      }
      made[count] = child;
    }
    fprintf(stderr, "processes %ld\n", count);
    end_children();
    reached("all of them");
  }
  if (is(what, "threads")) {
    long wanted = bounded(much, 400);
    for (; count < wanted; count++) {
      pthread_t thread;
      int error = pthread_create(&thread, NULL, wait_here, NULL);
      if (error != 0) {
        fprintf(stderr, "threads %ld\n", count);
        refused("pthread_create", error);
      }
    }
    reached("all of them");
  }
  if (is(what, "vforks")) {
    for (long wanted = bounded(much, 2000); wanted > 0; wanted--) {
      pid_t child = vfork();
      if (child == 0) _exit(0);
      if (child < 0) refused("vfork", errno);
      waitpid(child, NULL, 0);
    }
    reached("one after the other");
  }
  if (is(what, "memory") || is(what, "shared")) {
    long wanted = bounded(much, 600);
    for (long megabytes = 0; megabytes < wanted; megabytes += 10) fill(10 << 20, is(what, "shared") ? MAP_SHARED : MAP_PRIVATE);
    poll(NULL, 0, hold);
    reached("all of it");
  }
  if (is(what, "children")) {
    long wanted = bounded(much, 12);
    for (; count < wanted; count++) {
      pid_t child = (pid_t)prepare("fork", fork());
      if (child == 0) {
        fill(50 << 20, MAP_PRIVATE);
        poll(NULL, 0, 20000);
        _exit(0);
      }
      made[count] = child;
    }
    long ended = await_end(hold);
    fprintf(stderr, "ended %ld\n", ended);
    end_children();
    if (ended > 0) refused("a child was ended", ENOMEM);
    reached("all of them");
  }
  if (is(what, "once")) {
    char *block = fill((size_t)bounded(much, 200) << 20, MAP_PRIVATE);
    for (; count < 8; count++) {
      pid_t child = (pid_t)prepare("fork", fork());
      if (child == 0) {
        volatile char sum = 0;
        for (size_t at = 0; at < (size_t)atol(much) << 20; at += 4096) sum = (char)(sum + block[at]);
        poll(NULL, 0, 20000);
        _exit(0);
      }
      made[count] = child;
    }
    long ended = await_end(hold);
    end_children();
    if (ended > 0) refused("a child was ended", ENOMEM);
    reached("all of them");
  }
  if (is(what, "file")) {
    long wanted = bounded(much, 4096);
    int fd = (int)prepare("open", open(argument(argc, argv, 3), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    static char block[1024];
    for (; wanted > 0; wanted--) must("write", write(fd, block, sizeof block));
    reached("the whole file");
  }
  if (is(what, "descriptors")) {
    for (long wanted = bounded(much, 4000); wanted > 0; wanted--) {
      if (open("/dev/null", O_RDONLY) >= 0) continue;
      refused("open", errno);
    }
    reached("all of them");
  }
  if (is(what, "spin")) {
    double wanted = (double)bounded(much, 50) / 10;
    struct timespec used;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while ((double)used.tv_sec + (double)used.tv_nsec / 1e9 < wanted);
    reached("all of it");
  }
  broken("no such way");
}
