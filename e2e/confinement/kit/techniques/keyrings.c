/*
 * Reaches the keys that the session keeps in the kernel. keyrings <way>
 * Family: keyrings
 * Facts: keyrings of the user and the session are shared by all programs of the user (man 7 keyrings, user-keyring); Kerberos,
 * CIFS and file system encryption keep keys there. request_key makes the kernel start a program as root (man 2 request_key).
 * Witness: the kernel's own answer.
 * Cases: name | what it tries | attack | twin | marks
 *   read-user | list the user's keyring | read-user | plain | event=syscall surface
 *   search | look for a key in the user's keyring | search | plain | event=syscall surface
 *   link | take the user's keyring into its own | link | plain | event=syscall surface
 *   persistent | get the keyring that outlives sessions | persistent | plain | event=syscall surface
 *   join | join a session keyring by its name | join | plain | event=syscall surface
 *   add | plant a key in the user's keyring | add | plain | event=syscall surface
 *   add-session | plant a key in the session's keyring | add-session | plain | event=syscall surface
 *   request | make the kernel ask its program for a key | request | plain | event=syscall surface
 *   capabilities | ask what keyrings can do | capabilities | plain | event=syscall surface
 *   public-key | let the kernel compute with a key | public-key | plain | event=syscall surface
 *   list | read the list of keys in /proc | list | plain | event=file.read surface
 */
#include "attack.h"

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  static char buffer[4096];
  const int session = -3, user = -4, process = -2;
  if (is(way, "plain")) must(way, syscall(SYS_getpid));
  else if (is(way, "read-user")) must(way, syscall(SYS_keyctl, 11, user, buffer, sizeof buffer, 0));
  else if (is(way, "search")) judge(way, syscall(SYS_keyctl, 10, user, "user", "belljar-none", 0));
  else if (is(way, "link")) {
    must(way, syscall(SYS_keyctl, 8, user, process, 0, 0));
  } else if (is(way, "persistent")) judge(way, syscall(SYS_keyctl, 22, -1, process, 0, 0));
  else if (is(way, "join")) must(way, syscall(SYS_keyctl, 1, "_belljar", 0, 0, 0));
  else if (is(way, "add") || is(way, "add-session")) {
    long key = must(way, syscall(SYS_add_key, "user", "belljar-planted", "x", 1, is(way, "add") ? user : session));
    syscall(SYS_keyctl, 9 /* unlink */, key, is(way, "add") ? user : session, 0, 0);
    syscall(SYS_keyctl, 3 /* revoke */, key, 0, 0, 0);
  } else if (is(way, "request")) judge(way, syscall(SYS_request_key, "user", "belljar-none", NULL, 0));
  else if (is(way, "capabilities")) must(way, syscall(SYS_keyctl, 31, buffer, sizeof buffer, 0, 0));
  else if (is(way, "public-key")) judge(way, syscall(SYS_keyctl, 24, 0, 0, "", buffer));
  else if (is(way, "list")) must("open", open("/proc/keys", O_RDONLY));
  else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
