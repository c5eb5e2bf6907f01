/*
 * Says who we are after the program's set-user-id bit had its say. gain-user
 * Facts: without no_new_privs a set-user-id program of root runs as root.
 */
#include "attack.h"

int main(void) {
  if (geteuid() == 0) reached("effective user 0");
  refused("still the same user", EPERM);
}
