/*
 * Reads an open file again and again in pieces of 4 KiB: read-many <path> <count>. Prints nanoseconds for one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  static char buffer[4096];
  long count = atol(argv[2]);
  int file = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (file < 0) return 1;
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long turn = 0; turn < count; turn++) {
    if (pread(file, buffer, sizeof buffer, (turn & 15) * 4096) < 0) return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.1f\n", ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)count);
  return 0;
}
