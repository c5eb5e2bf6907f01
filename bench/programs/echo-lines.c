/*
 * Sends every byte of its input back: the server's end of the throughput measurement.
 */
#include <unistd.h>

int main(void) {
  static char buffer[65536];
  for (;;) {
    ssize_t length = read(0, buffer, sizeof buffer);
    if (length <= 0) return 0;
    for (ssize_t at = 0; at < length;) {
      ssize_t written = write(1, buffer + at, (size_t)(length - at));
      if (written <= 0) return 1;
      at += written;
    }
  }
}
