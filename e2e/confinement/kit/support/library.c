/*
 * Not an attack: a library that is loaded into a program of the system and there tries to read the file that EK_TARGET names.
 * It is at once what LD_PRELOAD, LD_AUDIT, a name service and an encoding of the C library want (`-shared`, by its name).
 */
#include "attack.h"

unsigned la_version(unsigned version);
unsigned la_version(unsigned version) { return version; }

__attribute__((constructor)) static void load(void) {
  const char *target = getenv("EK_TARGET");
  if (target == NULL) return;
  int file = open(target, O_RDONLY);
  if (file < 0) refused("open, inside of a program of the system", errno);
  reached_content(file, "read");
}
