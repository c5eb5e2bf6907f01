// belljar-launcher: restricts itself as a plan says, then runs one MCP server.
//
//   belljar-launcher run <server id> -- <command> [argument...]    plan: <data>/plans/<server id>.plan
//   belljar-launcher exec --plan FILE -- <command> [argument...]
//   belljar-launcher terminal <name> --plan FILE --words N -- <N words to start> <command line of the server>
//   belljar-launcher probe
//   belljar-launcher --version
//   xdg-open <link> (and the other names of link-wire.hpp): inside a run, asks for the link to be opened
//
// <data> is the folder above the one this program lies in, or that of the home (linux/own-places.hpp). docs/plan-format.md is the plan's form.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../linux/launch.hpp"
#include "../linux/link-helper.hpp"
#include "../linux/own-places.hpp"
#include "refusal.hpp"
#include "text.hpp"

namespace {

constexpr const char* usage =
    "usage: belljar-launcher run <server id> -- <command> [argument...]\n"
    "       belljar-launcher exec --plan FILE -- <command> [argument...]\n"
    "       belljar-launcher terminal <name> --plan FILE --words N -- <N words> <command> [argument...]\n"
    "       belljar-launcher probe | --version\n";

// Descriptors other than stdio may be anything the client forgot to close; stdio must be open, or the next file opened
// would take its number.
void sanitize_descriptors() {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) _exit(belljar::exit_refused);
  }
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  belljar::refuse({"descriptors", "Inherited descriptors could not be closed (close_range, Linux 5.9).", "Update the kernel.", belljar::exit_refused}, "");
}

// Of decimal digits, and nothing else; 0 where it is no such number.
int number_of(const char* text) {
  int number = 0;
  for (const char* digit = text; *digit != '\0'; digit++) {
    if (*digit < '0' || *digit > '9' || number > 9999) return 0;
    number = number * 10 + (*digit - '0');
  }
  return number;
}

}  // namespace

int main(int count, char** arguments) {
  sanitize_descriptors();
  if (count > 0 && belljar::is_link_helper_name(arguments[0])) return belljar::run_link_helper(count, arguments);
  std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "--version" && count == 2) {
    puts("belljar-launcher " BELLJAR_VERSION);
    return 0;
  }
  if (verb == "probe" && count == 2) return belljar::print_probe();
  belljar::Request request;
  int rest = 0;
  if (verb == "run" && count > 4 && std::strcmp(arguments[3], "--") == 0) {
    request.server = arguments[2];
    rest = 4;
    if (!belljar::valid_server_id(request.server)) {
      belljar::refuse({"usage", "\"" + request.server + "\" is not a server id.", "", belljar::exit_refused}, "");
    }
    const std::string& data = belljar::own_data_folder();
    if (data.empty()) {
      belljar::refuse({"no-plan", "The launcher cannot tell where your plans are: it is told neither where it lies (/proc/self/exe) nor your home folder (/etc/passwd).", "",
                       belljar::exit_refused}, request.server);
    }
    request.plan_file = data + "/plans/" + request.server + ".plan";
  } else if (verb == "exec" && count > 5 && std::strcmp(arguments[2], "--plan") == 0 && std::strcmp(arguments[4], "--") == 0) {
    request.plan_file = arguments[3];
    request.throw_away = true;
    rest = 5;
  } else if (verb == "terminal" && count > 9 && std::strcmp(arguments[3], "--plan") == 0 && std::strcmp(arguments[5], "--words") == 0 &&
             std::strcmp(arguments[7], "--") == 0 && belljar::valid_server_id(arguments[2])) {
    request.plan_file = arguments[4];
    request.throw_away = true;
    request.terminal = arguments[2];
    int words = number_of(arguments[6]);
    if (words < 1 || words > count - 9) {
      fputs(usage, stderr);
      return belljar::exit_refused;
    }
    request.instead.assign(arguments + 8, arguments + 8 + words);
    rest = 8 + words;
  } else {
    fputs(usage, stderr);
    return belljar::exit_refused;
  }
  for (int i = rest; i < count; i++) request.command.emplace_back(arguments[i]);
  belljar::launch(request);
}
