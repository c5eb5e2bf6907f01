// belljar-launcher: restricts itself as a plan says, then runs one MCP server.
//
//   belljar-launcher run <server id> -- <command> [argument...]    plan: <data>/plans/<server id>.plan
//   belljar-launcher exec --plan FILE -- <command> [argument...]
//   belljar-launcher probe
//   belljar-launcher --version
//   xdg-open <link> (and the other names of link-wire.hpp): inside a run, asks for the link to be opened
//
// <data> is the folder above the one this program lies in. docs/plan-format.md is the plan's form.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../linux/launch.hpp"
#include "../linux/link-helper.hpp"
#include "refusal.hpp"
#include "text.hpp"

namespace {

constexpr const char* usage =
    "usage: belljar-launcher run <server id> -- <command> [argument...]\n"
    "       belljar-launcher exec --plan FILE -- <command> [argument...]\n"
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
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    if (n <= 0 || n >= PATH_MAX) belljar::refuse({"no-plan", "The launcher cannot tell where it lies (/proc/self/exe).", "", belljar::exit_refused}, request.server);
    std::string_view path(self, static_cast<size_t>(n));
    request.plan_file = std::string(belljar::parent_of(belljar::parent_of(path))) + "/plans/" + request.server + ".plan";
  } else if (verb == "exec" && count > 5 && std::strcmp(arguments[2], "--plan") == 0 && std::strcmp(arguments[4], "--") == 0) {
    request.plan_file = arguments[3];
    request.throw_away = true;
    rest = 5;
  } else {
    fputs(usage, stderr);
    return belljar::exit_refused;
  }
  for (int i = rest; i < count; i++) request.command.emplace_back(arguments[i]);
  belljar::launch(request);
}
