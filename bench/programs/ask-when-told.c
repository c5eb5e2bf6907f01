/*
 * Opens a refused file, each time another one, whenever a line comes in, and says at what time: ask-when-told <folder>.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char line[64], path[4096];
  for (long turn = 0; fgets(line, sizeof line, stdin) != NULL; turn++) {
    struct timespec now;
    snprintf(path, sizeof path, "%s/asked-%ld.txt", argv[1], turn);
    clock_gettime(CLOCK_REALTIME, &now);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) close(file);
    printf("%s %.3f\n", path, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
    fflush(stdout);
  }
  return 0;
}
