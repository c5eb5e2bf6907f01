#include "../launcher/linux/places.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.hpp"

using namespace belljar;

namespace {

struct Tree {
  char root[32] = "/tmp/belljar-places-XXXXXX";
  Tree() {
    if (mkdtemp(root) == nullptr) abort();
  }
  ~Tree() {
    std::string command = std::string("rm -rf ") + root;
    if (system(command.c_str()) != 0) check::that(false, "cleaning up");
  }
  std::string at(const std::string& path) const { return std::string(root) + "/" + path; }
  void folder(const std::string& path) const {
    std::string full = std::string(root);
    for (size_t start = 0; start <= path.size();) {
      size_t end = path.find('/', start);
      if (end == std::string::npos) end = path.size();
      full += "/" + path.substr(start, end - start);
      mkdir(full.c_str(), 0755);
      start = end + 1;
    }
  }
  void file(const std::string& path, const std::string& text, int mode = 0644) const {
    size_t slash = path.rfind('/');
    if (slash != std::string::npos) folder(path.substr(0, slash));
    int fd = open(at(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) abort();
    close(fd);
  }
  void link(const std::string& to, const std::string& from) const {
    size_t slash = from.rfind('/');
    if (slash != std::string::npos) folder(from.substr(0, slash));
    if (symlink(to.c_str(), at(from).c_str()) != 0) abort();
  }
};

std::vector<std::string> granted(const Plan& plan, const Launch& launch, const std::string& path_variable, Access access,
                                 std::vector<std::string>* not_applied = nullptr) {
  PlaceResolver resolver(plan, launch, {}, path_variable);
  resolver.add_rules();
  Places places = resolver.take();
  std::vector<std::string> out;
  for (const Grant& grant : places.grants) {
    if (grant.access == access) out.push_back(grant.path);
  }
  std::sort(out.begin(), out.end());
  if (not_applied != nullptr) *not_applied = places.not_applied;
  return out;
}

AccessRule rule(Access access, Place::Kind kind, uint32_t index = 0, uint32_t offset = 0) {
  AccessRule out;
  out.access = access;
  out.place.kind = kind;
  out.place.index = index;
  out.place.offset = offset;
  out.place.text = "symbol";
  return out;
}

bool holds(const std::vector<std::string>& list, const std::string& path) { return std::find(list.begin(), list.end(), path) != list.end(); }

}  // namespace

void test_places() {
  Tree tree;
  std::string home = tree.at("home/u");
  tree.folder("home/u/.ssh");
  tree.folder("home/u/.config/google-chrome");
  tree.folder("home/u/projects/one");
  Plan plan;
  plan.home = home;
  plan.refuse = {home + "/.ssh", home + "/.config/google-chrome", home + "/.aws"};
  Launch launch;
  launch.cwd = home + "/projects";
  launch.program = "/bin/true";

  auto argument = [&](const std::string& value, uint32_t offset = 0) {
    plan.rules = {rule(Access::write, Place::Kind::argument, 0, offset)};
    launch.args = {value};
    std::vector<std::string> why;
    auto got = granted(plan, launch, "/bin", Access::write, &why);
    return got.empty() ? "refused: " + (why.empty() ? std::string("?") : why[0]) : got[0];
  };
  check::equal(argument(home + "/projects"), home + "/projects", "a folder named by an argument");
  check::equal(argument("~/projects"), home + "/projects", "below the home folder");
  check::equal(argument("one"), home + "/projects/one", "relative to where the client starts it");
  check::equal(argument("--root=" + home + "/projects", 7), home + "/projects", "after a flag");
  auto is_refused = [&](const std::string& value) { return argument(value).substr(0, 8) == "refused:"; };
  for (const std::string& value : {std::string("/"), home, std::string("~"), tree.at("home"), std::string(tree.root), home + "/.ssh",
                                   home + "/.config", home + "/projects/../.ssh", std::string("../.ssh"), home + "/.aws"}) {
    check::that(is_refused(value), "never by a symbol: " + value);
  }
  tree.link(home + "/.ssh", "home/u/projects/link");
  check::that(is_refused(home + "/projects/link"), "nor through a symlink");
  check::that(is_refused(home + "/projects/missing"), "what is not there is not granted");

  // Runtimes.
  plan.rules = {rule(Access::exec, Place::Kind::runtime)};
  launch.args = {};
  tree.file("opt/tool/bin/tool", "\x7F""ELFxx", 0755);
  launch.program = tree.at("opt/tool/bin/tool");
  check::that(!holds(granted(plan, launch, "/bin", Access::exec), tree.at("opt/tool")), "a folder that holds a bin and nothing of a program is none");
  tree.folder("opt/tool/lib");
  check::that(holds(granted(plan, launch, "/bin", Access::exec), tree.at("opt/tool")), "an install prefix");
  tree.file("home/u/bin/tool", "\x7F""ELFxx", 0755);
  launch.program = home + "/bin/tool";
  auto lone = granted(plan, launch, "/bin", Access::exec);
  check::that(holds(lone, home + "/bin/tool") && !holds(lone, home), "a home folder is no install prefix");

  tree.file("home/u/.nvm/versions/node/v20.1.0/bin/node", "\x7F""ELFxx", 0755);
  tree.file("home/u/.nvm/versions/node/v9.0.0/bin/node", "\x7F""ELFxx", 0755);
  std::string found_in;
  int error = 0;
  check::equal(find_program("node", launch.cwd, tree.at("nowhere"), home, found_in, error), home + "/.nvm/versions/node/v20.1.0/bin/node", "nvm's newest, when PATH has none");
  check::equal(found_in, home + "/.nvm/versions/node/v20.1.0/bin", "and where it was");
  launch.program = home + "/.nvm/versions/node/v20.1.0/bin/node";
  check::that(holds(granted(plan, launch, "/bin", Access::exec), home + "/.nvm"), "nvm's tree");

  // A package's script, its node_modules, and a symlinked command.
  tree.file("home/u/app/package.json", "{}");
  tree.file("home/u/app/dist/index.js", "x");
  launch.program = "/bin/true";
  launch.command = "node";
  tree.file("run/bin/node", "\x7F""ELFxx", 0755);
  tree.folder("run/lib");
  launch.program = tree.at("run/bin/node");
  launch.args = {"--require", "x", home + "/app/dist/index.js", home + "/projects"};
  auto script = granted(plan, launch, "/bin", Access::exec);
  check::that(holds(script, home + "/app") && !holds(script, home + "/projects"), "the script's package, not its other arguments");
  tree.file("home/u/lib/node_modules/pkg/cli.js", "#!/usr/bin/env node\n", 0755);
  tree.link("../lib/node_modules/pkg/cli.js", "home/u/links/cli");
  launch.program = home + "/links/cli";
  launch.args = {};
  auto linked = granted(plan, launch, tree.at("run/bin"), Access::exec);
  check::that(holds(linked, home + "/lib/node_modules") && holds(linked, tree.at("run")), "a linked script: its modules and its interpreter");

  // A virtual environment.
  tree.file("base/bin/python3", "\x7F""ELFxx", 0755);
  tree.folder("base/lib");
  tree.file("home/u/venv/pyvenv.cfg", "home = " + tree.at("base/bin") + "\nversion = 3.11\n");
  tree.link(tree.at("base/bin/python3"), "home/u/venv/bin/python");
  launch.program = home + "/venv/bin/python";
  auto venv = granted(plan, launch, "/bin", Access::exec);
  check::that(holds(venv, home + "/venv") && holds(venv, tree.at("base")), "a virtual environment and the python it was made from");

  // Wrapper scripts are believed only where the server cannot write.
  tree.file("home/u/wrap/start", "#!/bin/sh\nexec \"" + tree.at("opt/tool/bin/tool") + "\" \"$@\"\n", 0755);
  launch.program = home + "/wrap/start";
  check::that(holds(granted(plan, launch, "/bin", Access::exec), tree.at("opt/tool")), "a wrapper's program");
  Place writable;
  writable.path = home + "/wrap";
  writable.text = "wrap";
  plan.rules.push_back({Access::write, writable});
  check::that(!holds(granted(plan, launch, "/bin", Access::exec), tree.at("opt/tool")), "not when the server could have written it");
  plan.rules.pop_back();
  tree.file("home/u/wrap/evil", "#!/bin/sh\nexec " + home + "/.ssh/key\n", 0755);
  tree.file("home/u/.ssh/key", "\x7F""ELFxx", 0755);
  launch.program = home + "/wrap/evil";
  auto evil = granted(plan, launch, "/bin", Access::exec);
  check::that(!holds(evil, home + "/.ssh/key") && !holds(evil, home + "/.ssh"), "a wrapper never opens a secret place");

  // What the server could have planted in a place it may write is not believed.
  tree.folder("home/u/Documents");
  tree.file("home/u/Documents/taxes.txt", "secret");
  tree.file("home/u/Documents/tool", "\x7F""ELFxx", 0755);
  tree.file("home/u/Documents/tool.so", "x");
  launch.program = home + "/Documents/tool";
  launch.args = {};
  auto personal = granted(plan, launch, "/bin", Access::exec);
  check::that(holds(personal, home + "/Documents/tool") && !holds(personal, home + "/Documents"), "a program among somebody's documents is granted alone");
  tree.file("home/u/mine/build/index.js", "x");
  tree.file("home/u/mine/build/package.json", "{}");
  tree.link(home + "/Documents", "home/u/mine/build/node_modules");
  tree.link(home + "/Documents/taxes.txt", "home/u/mine/link.js");
  launch.program = tree.at("run/bin/node");
  launch.args = {home + "/mine/build/index.js", home + "/mine"};
  plan.rules = {rule(Access::exec, Place::Kind::runtime), rule(Access::write, Place::Kind::argument, 1)};
  auto planted = granted(plan, launch, "/bin", Access::exec);
  check::that(!holds(planted, home + "/Documents"), "a node_modules link that the server could have made");
  launch.args = {home + "/mine/link.js", home + "/mine"};
  auto repointed = granted(plan, launch, "/bin", Access::exec);
  check::that(!holds(repointed, home + "/Documents") && !holds(repointed, home + "/Documents/taxes.txt"), "a script link that the server could have made");
  plan.rules = {rule(Access::exec, Place::Kind::runtime)};
  launch.args = {home + "/mine/build/index.js"};
  check::that(holds(granted(plan, launch, "/bin", Access::exec), home + "/Documents"), "a link in a place that the server cannot write is its user's");

  // A granted folder that was replaced by a link since: by symbols, and by what the plan names itself.
  tree.folder("home/u/two");
  tree.link(home + "/Documents", "home/u/two/logs");
  launch.program = "/bin/true";
  launch.args = {home + "/two", home + "/two/logs"};
  for (bool swapped : {false, true}) {
    plan.rules = {rule(Access::write, Place::Kind::argument, swapped ? 1 : 0), rule(Access::write, Place::Kind::argument, swapped ? 0 : 1)};
    auto led = granted(plan, launch, "/bin", Access::write);
    check::that(holds(led, home + "/two") && !holds(led, home + "/Documents"), "a granted folder replaced by a link");
  }
  Place literal;
  literal.path = home + "/two";
  Place nested;
  nested.path = home + "/two/keys";
  tree.link(home + "/.ssh", "home/u/two/keys");
  plan.rules = {{Access::write, literal}, {Access::write, nested}};
  auto literals = granted(plan, launch, "/bin", Access::write);
  check::that(holds(literals, home + "/two") && !holds(literals, home + "/.ssh"), "also one that the plan names itself");
  Place outside;
  outside.path = home + "/elsewhere";
  tree.link(home + "/.ssh", "home/u/elsewhere");
  plan.rules = {{Access::read, outside}};
  check::that(!holds(granted(plan, launch, "/bin", Access::read), home + "/.ssh"), "a name that has come to lead to a secret place");
  Place purpose;
  purpose.path = home + "/.ssh";
  plan.rules = {{Access::read, purpose}};
  check::that(holds(granted(plan, launch, "/bin", Access::read), home + "/.ssh"), "a secret place that was granted on purpose");
  // A folder link on the way to the script.
  tree.folder("home/u/other/build");
  tree.file("home/u/other/build/index.js", "x");
  tree.link(home + "/other/build", "home/u/two/build");
  launch.program = tree.at("run/bin/node");
  launch.args = {home + "/two/build/index.js", home + "/two"};
  plan.rules = {rule(Access::exec, Place::Kind::runtime), rule(Access::write, Place::Kind::argument, 1)};
  check::that(!holds(granted(plan, launch, "/bin", Access::exec), home + "/other/build"), "a folder link on the way to the script");

  check::that(find_program("no-such-program", launch.cwd, "/bin", home, found_in, error).empty() && error == ENOENT, "not found");
  tree.file("run/bin/plain", "x", 0644);
  check::that(find_program("plain", launch.cwd, tree.at("run/bin"), home, found_in, error).empty() && error == EACCES, "not executable");
}
