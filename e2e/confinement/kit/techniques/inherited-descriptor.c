/*
 * Reads a descriptor that the client forgot to close. inherited-descriptor <number>
 * Family: descriptors
 * Facts: clients leak descriptors of their own files and sockets; a descriptor carries its rights with it, whatever walls
 * come later (man 2 open; Landlock judges at the opening).
 * Witness: the decoy in the output.
 * Silent: a descriptor that is not there is no access that could be refused.
 * Cases: name | what it tries | attack | twin | marks
 *   read | read an open file that the client left | 7 | 1 | descriptor silent
 */
#include "attack.h"

int main(int argc, char **argv) {
  int descriptor = atoi(argument(argc, argv, 1));
  must("fcntl", fcntl(descriptor, F_GETFD));
  if (descriptor > 2) reached_content(descriptor, "read");
  reached("open");
}
