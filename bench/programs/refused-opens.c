/*
 * Asks for files that are refused: refused-opens <folder> <count> <different names>. Prints how many were refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  long count = atol(argv[2]), names = atol(argv[3]), refused = 0;
  char path[4096];
  for (long turn = 0; turn < count; turn++) {
    snprintf(path, sizeof path, "%s/refused-%ld.txt", argv[1], turn % names);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) close(file);
    else if (errno == EACCES) refused++;
  }
  printf("%ld\n", refused);
  return 0;
}
