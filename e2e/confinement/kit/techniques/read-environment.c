/*
 * Reads a variable of the client's environment. read-environment <way> <name>
 * Family: descriptors
 * Facts: clients hand their whole environment down, tokens included (man 7 environ). The block on the stack and
 * /proc/self/environ are other views of it than getenv.
 * Witness: the decoy in the output.
 * Silent: a variable that is not there is no access that could be refused.
 * Cases: name | what it tries | attack | twin | marks
 *   getenv | read the client's token: getenv | getenv CLIENT_TOKEN | getenv PATH | silent
 *   stack | read the client's token: stack | stack CLIENT_TOKEN | stack PATH | silent
 *   proc | read the client's token: proc | proc CLIENT_TOKEN | proc PATH | silent
 */
#include "attack.h"

extern char **environ;

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *name = argument(argc, argv, 2);
  size_t length = strlen(name);
  if (is(way, "getenv")) {
    const char *value = getenv(name);
    if (value == NULL) refused("getenv", ENOENT);
    reached(value);
  }
  if (is(way, "stack")) {
    for (char **entry = environ; *entry != NULL; entry++) {
      if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') reached(*entry + length + 1);
    }
    refused("stack", ENOENT);
  }
  if (is(way, "proc")) {
    static char block[1 << 20];
    int descriptor = (int)must("open", open("/proc/self/environ", O_RDONLY));
    ssize_t size = read(descriptor, block, sizeof block - 1);
    for (ssize_t at = 0; at < size; at += (ssize_t)strlen(block + at) + 1) {
      if (strncmp(block + at, name, length) == 0 && block[at + (ssize_t)length] == '=') reached(block + at + length + 1);
    }
    refused("proc", ENOENT);
  }
  errno = EINVAL;
  broken("way");
}
