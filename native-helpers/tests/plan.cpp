#include "../launcher/core/plan.hpp"

#include <random>

#include "check.hpp"

using namespace belljar;

namespace {

const std::string whole =
    "belljar-plan 2\nserver a.b\nlevel standard\nnetwork open\nrecord all\nspool /s\nspool-limit 65536\nhome /home/u\n"
    "refuse /home/u/.ssh\nread /a%20b\nexec runtime\nwrite arg:1\nwrite arg:2+7\nread cwd\nsocket /run/x\nlocal 5432\nlisten 0\n"
    "env PATH\nenv LC_*\nset A b%20c\nlimit nofile 1024\nend\n";

std::string error_of(const std::string& text) {
  Plan plan;
  std::string error;
  return parse_plan(text, plan, error) ? "" : error;
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = whole;
  size_t at = text.find(from);
  if (at == std::string::npos) return "TEST BUG";
  return text.replace(at, from.size(), to);
}

}  // namespace

void test_plan() {
  Plan plan;
  std::string error;
  check::that(parse_plan(whole, plan, error), "a whole plan: " + error);
  check::that(plan.server == "a.b" && plan.level == Level::standard && plan.network == Network::open && plan.record_all, "its words");
  check::that(plan.rules.size() == 5 && plan.rules[0].place.path == "/a b" && plan.rules[3].place.offset == 7 && plan.rules[3].place.index == 2, "its rules");
  check::that(plan.local_ports.size() == 1 && plan.listen_ports.size() == 1 && plan.set[0].value == "b c" && plan.limits[0].value == 1024, "its rest");

  std::string version_1 =
      "belljar-plan 1\nserver a\nlevel strict\nnetwork none\nspool /s\nspool-limit 65536\nhome /h\nread /x\nend\n";
  check::equal(error_of(version_1), "", "the version before is read");
  check::that(!error_of("belljar-plan 1\nserver a\nlevel strict\nnetwork none\nrecord all\nspool /s\nspool-limit 65536\nhome /h\nend\n").empty(),
              "but not with keys it did not have");

  check::equal(error_of(with("belljar-plan 2", "belljar-plan 3")), "line 1: written by a newer Belljar", "a newer version");
  check::equal(error_of(with("belljar-plan 2", "belljar-plan 0")), "line 1: unknown version", "no such version");
  check::equal(error_of(with("network open\n", "")), "a key is missing", "a missing key");
  check::equal(error_of(with("network open\n", "network open\nnetwork open\n")), "line 5: network stands twice", "a repeated key");
  check::equal(error_of(with("network open", "network wide")), "line 4: network: unknown value", "an unknown value");
  check::equal(error_of(with("socket", "sockets")), "line 15: sockets: unknown key", "an unknown key");
  check::equal(error_of(whole + "x"), "does not end with a line end", "a trailing byte");
  check::equal(error_of(whole + "end\n"), "line 23: something follows end", "a trailing line");
  check::equal(error_of(whole.substr(0, whole.size() - 4)), "cut short: no end line", "cut at a line");
  check::that(!error_of(whole.substr(0, whole.size() - 1)).empty(), "cut by one byte");
  check::equal(error_of(with("read /a%20b", "read /a/../b")), "line 10: read: not a place", "paths are normal");
  check::equal(error_of(with("read /a%20b", "read a")), "line 10: read: not a place", "paths are absolute");
  check::equal(error_of(with("read /a%20b", "read runtime")), "line 10: read: not a place", "runtime is for exec");
  check::equal(error_of(with("read /a%20b", "read  /a")), "line 10: an empty field", "two spaces");
  check::equal(error_of(with("read /a%20b", "read /a\t")), "line 10: a control character", "a tab");
  check::equal(error_of(with("read /a%20b", "read arg:1+0")), "line 10: read: not a place", "an offset of nothing");
  check::equal(error_of(with("limit nofile 1024", "limit nofile 0")), "line 21: limit: unknown limit or value", "a limit of nothing");
  check::equal(error_of(with("env PATH", "env P=x")), "line 18: env: not a variable name", "variable names");
  check::equal(error_of(with("spool-limit 65536", "spool-limit 65535")), "line 7: spool-limit: out of bounds", "bounds");
  check::equal(error_of(with("server a.b", "server ../x")), "line 2: server: not a server id", "server ids");
  check::that(!error_of(std::string(plan_max_bytes + 1, 'x')).empty(), "too large");
  check::that(!error_of("").empty() && !error_of("\n").empty() && !error_of("end\n").empty(), "nothing");
  std::string many = with("end\n", "");
  for (size_t i = 0; i < plan_max_lines; i++) many += "read /x\n";
  check::that(!error_of(many + "end\n").empty(), "too many lines");

  // Whatever is done to a plan, the parser answers; and what it accepts says the same when a byte was lost at the end.
  std::mt19937 random(20260101);
  for (int round = 0; round < 20'000; round++) {
    std::string text = whole;
    int changes = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < changes; i++) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, 1, static_cast<char>(random()));
      }
      if (text.empty()) text = "x";
    }
    Plan other;
    std::string why;
    if (parse_plan(text, other, why)) {
      if (!parse_plan(text, plan, why) || parse_plan(text.substr(0, text.size() - 1), plan, why)) check::that(false, "unstable answer");
    } else if (why.empty()) {
      check::that(false, "an error without a reason");
    }
  }
  check::that(true, "20000 changed plans were answered");
}
