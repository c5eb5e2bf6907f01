/*
 * Opens and closes one file again and again: open-many <path> <count>. Prints nanoseconds for one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long count = atol(argv[2]);
  struct timespec begin, end;
  for (int warm = 0; warm < 2000; warm++) close(open(argv[1], O_RDONLY | O_CLOEXEC));
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long turn = 0; turn < count; turn++) {
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file < 0) return 1;
    close(file);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.1f\n", ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)count);
  return 0;
}
