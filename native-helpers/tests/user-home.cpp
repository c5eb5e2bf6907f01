#include "../launcher/core/user-home.hpp"

#include "../launcher/linux/own-places.hpp"
#include "check.hpp"

using namespace belljar;

void test_user_home() {
  std::string text =
      "root:x:0:0:root:/root:/bin/bash\n"
      "# a comment\n"
      "mara:x:1000:1000:Mara,,,:/home/mara:/bin/zsh\n"
      "mara2:x:1000:1000::/home/second:/bin/sh\n"
      "none:x:1001:1001:::/bin/sh\n"
      "relative:x:1002:1002::home/x:/bin/sh\n"
      "dots:x:1003:1003::/home/../root:/bin/sh\n"
      "short:x:1004:1004:/home/short\n"
      "long:x:1005:1005::/home/long:/bin/sh:more\n"
      "odd:x:+1006:1006::/home/odd:/bin/sh\n"
      "last:x:4294967294:1::/home/last:/bin/sh";
  check::equal(home_in_passwd(text, 0), "/root", "root's");
  check::equal(home_in_passwd(text, 1000), "/home/mara", "the first line of a user counts");
  for (uint64_t uid : {1001, 1002, 1003, 1004, 1005, 1006, 77}) check::equal(home_in_passwd(text, uid), "", "no home of " + std::to_string(uid));
  check::equal(home_in_passwd(text, 4294967294), "/home/last", "without a last line end");
  check::equal(home_in_passwd("", 0), "", "of nothing");

  check::equal(data_folder("/home/mara/.local/share/belljar/bin/belljar-launcher"), "/home/mara/.local/share/belljar", "around a person's own copy");
  check::equal(data_folder(""), "", "of a program that nobody knows");
  std::string packaged = data_folder(packaged_launcher);
  setenv("HOME", "/home/project", 1);
  check::equal(data_folder(packaged_launcher), packaged, "and not in the one that the environment says");
  check::that(packaged.ends_with("/.local/share/belljar") && !packaged.starts_with("/usr"), "in the home, for the one of a package");
}
