/*
 * Watches what happens in a folder. watch-folder <folder>
 * Family: paths
 * Facts: inotify needs only the read bit of the folder, not an open that Landlock sees, and tells every name in it (man 7
 * inotify).
 * Witness: the kernel's answer.
 * Cases: name | what it tries | attack | twin | marks
 *   inotify | be told of all that happens outside | {outside} | {grant} | event=file.read,syscall surface
 */
#include "attack.h"

#include <sys/inotify.h>

int main(int argc, char **argv) {
  const char *folder = argument(argc, argv, 1);
  int watch = (int)must("inotify_init1", inotify_init1(IN_CLOEXEC));
  must("inotify_add_watch", inotify_add_watch(watch, folder, IN_ALL_EVENTS));
  reached("watching");
}
