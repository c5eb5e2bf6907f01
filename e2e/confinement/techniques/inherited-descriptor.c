/*
 * Reads a descriptor that the client forgot to close. inherited-descriptor <number>
 * Facts: clients leak descriptors of their own files and sockets; a descriptor carries its rights with it.
 */
#include "attack.h"

int main(int argc, char **argv) {
  int descriptor = atoi(argument(argc, argv, 1));
  must("fcntl", fcntl(descriptor, F_GETFD));
  if (descriptor > 2) reached_content(descriptor, "read");
  reached("open");
}
