#include "../launcher/core/plan.hpp"

#include <random>

#include "check.hpp"

using namespace belljar;

namespace {

const std::string whole =
    "belljar-plan 3\nserver a.b\nlevel standard\nnetwork open\nrecord all\nspool /s\nspool-limit 65536\nhome /home/u\n"
    "refuse /home/u/.ssh\nread /a%20b\nexec runtime\nwrite arg:1\nwrite arg:2+7\nread cwd\nsocket /run/x\nlocal 5432\nlisten 0\n"
    "env PATH\nenv LC_*\nset A b%20c\nlimit open-files 1024\n"
    "host api.example.com 443 checked\nhost *.example.org 80,443,8000-8010 unchecked\nhost 192.0.2.0/24 * checked\nlink login.example.com\n"
    "permission nested-sandbox\nstart /n\nstart-arg a%20b\nstart-for npx\nstart-for -y\n"
    "tree /p 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nsecret TOKEN file /d/s\n"
    "area write /w%20x\narea read arg:3\ndeny **/.env\ndeny /a/b\nprotect **/.git/hooks\nexcept write **/.env.example\nend\n";

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
  check::that(plan.rules.size() == 7 && plan.rules[0].place.path == "/a b" && plan.rules[3].place.offset == 7 && plan.rules[3].place.index == 2, "its rules");
  check::that(plan.local_ports.size() == 1 && plan.listen_ports.size() == 1 && plan.set[0].value == "b c" && plan.limits[0].value == 1024, "its rest");

  check::that(plan.hosts.size() == 3 && plan.hosts[0].checked && plan.hosts[1].ports.size() == 3 && !plan.hosts[1].checked &&
                  plan.hosts[1].ports[2].last == 8010 && plan.hosts[2].ports[0].last == 65535,
              "its hosts");
  check::that(plan.links.size() == 1 && plan.nested_sandbox && !plan.datagrams && plan.pinned.args[0] == "a b" && plan.pinned.instead.size() == 2 &&
                  plan.trees[0].folder == "/p" && plan.secrets[0].file && plan.secrets[0].name == "TOKEN",
              "its start, trees and secrets");

  Plan blind;
  const std::string unseen = "belljar-plan 3\nserver a\nlevel strict\nnetwork none\nrecord without-files\nspool /s\nspool-limit 65536\nhome /h\nread /x\n";
  check::that(parse_plan(unseen + "end\n", blind, error) && blind.files_unseen && !blind.record_all, "files may be left unseen");
  for (const char* line : {"area read /y\n", "permission ask-access\n", "permission nested-sandbox\n"}) {
    check::that(!parse_plan(unseen + line + "end\n", blind, error) && error.find("without-files") != std::string::npos, std::string("but not with ") + line);
  }
  for (const auto& [from, to] : {std::pair{"network none", "network open"}, {"network none", "network hosts"}, {"level strict", "level watch"}}) {
    std::string other = unseen + "end\n";
    other.replace(other.find(from), strlen(from), to);
    check::that(!parse_plan(other, blind, error), std::string("and not with ") + to);
  }
  const std::string before = "belljar-plan 2\nserver a\nlevel strict\nnetwork none\nrecord all\nspool /s\nspool-limit 65536\nhome /h\nread /x\n";
  check::equal(error_of(before + "end\n"), "", "the version before is read");
  Plan earlier;
  check::that(parse_plan(before + "limit nproc 7\nend\n", earlier, error) && earlier.limits[0].name == "processes", "with its words for limits");
  check::equal(error_of(before + "limit processes 7\nend\n"), "line 10: limit: unknown limit or value", "and no others");
  check::equal(error_of(with("limit open-files 1024", "limit nofile 1024")), "line 21: limit: unknown limit or value", "which mean nothing now");
  check::equal(error_of(before + "host a.example 443 checked\nend\n"), "line 10: host: wrong number of fields", "but not with keys it did not have");
  check::equal(error_of(before + "link a.example\nend\n"), "line 10: link: unknown key", "nor with these");
  std::string hosts_before = before;
  hosts_before.replace(hosts_before.find("network none"), 12, "network hosts");
  check::equal(error_of(hosts_before + "end\n"), "line 4: network: unknown value", "nor with a value it did not have");
  check::equal(error_of(with("host api.example.com 443", "host API.example.com 443")), "line 22: host: not a host", "names are lower case");
  check::equal(error_of(with("host api.example.com 443", "host a..b 443")), "line 22: host: not a host", "no empty label");
  check::equal(error_of(with("host api.example.com 443", "host a.b 0")), "line 22: host: not ports", "no port 0");
  check::equal(error_of(with("8000-8010", "8010-8000")), "line 23: host: not ports", "a range goes up");
  check::equal(error_of(with("192.0.2.0/24 * checked", "192.0.2.0/24 * maybe")), "line 24: host: neither checked nor unchecked", "a closed list");
  check::equal(error_of(with("permission nested-sandbox", "permission root")), "line 26: permission: unknown permission", "another closed list");
  check::equal(error_of(with("start-for npx\nstart-for -y\n", "")), "start and start-for stand together", "a start in place of something");
  check::equal(error_of(with("start /n\n", "")), "start and start-for stand together", "and not without a program");
  check::equal(error_of(with("abcdef\n", "abcdeF\n")), "line 31: tree: not a digest", "lower-case hex");
  check::equal(error_of(with("TOKEN file", "TOKEN memory")), "line 32: secret: neither variable nor file", "one of two ways");

  check::that(plan.rules[5].area && plan.rules[5].access == Access::write && plan.rules[5].place.path == "/w x" && plan.rules[6].access == Access::read &&
                  plan.rules[6].place.index == 3 && !plan.rules[4].area && plan.patterns.deny.size() == 2 && plan.patterns.deny[0].segments.size() == 1 &&
                  plan.patterns.deny[1].path == "/a/b" && plan.patterns.protect[0].segments.size() == 2 && plan.patterns.except.size() == 1 && plan.patterns.except[0].write,
              "its areas and patterns");
  check::equal(error_of(before + "deny **/.env\nend\n"), "line 10: deny: unknown key", "which the version before did not have");
  check::equal(error_of(with("area write", "area exec")), "line 33: area: neither read nor write", "nothing is executed from an area alone");
  check::equal(error_of(with("area read arg:3", "area read runtime")), "line 34: area: not a place", "a place");
  check::equal(error_of(with("deny **/.env", "deny .env")), "line 35: deny: not a pattern", "a pattern");
  check::equal(error_of(with("deny **/.env", "deny **/a%2F..%2Fb")), "line 35: deny: not a pattern", "however it is written");
  std::string areas;
  for (size_t i = 0; i < plan_max_areas; i++) areas += "area read /x\n";
  check::equal(error_of(before + areas + "end\n"), "line 10: area: wrong number of fields", "nor areas");
  check::equal(error_of(with("area read arg:3\n", areas)), "line 97: area: too many", "areas are bounded");
  std::string patterns;
  for (size_t i = 0; i < plan_max_patterns; i++) patterns += "protect /x\n";
  check::equal(error_of(with("protect **/.git/hooks\n", "protect **/.git/hooks\n" + patterns)), "line 293: protect: too many", "and patterns");

  check::equal(error_of(with("belljar-plan 3", "belljar-plan 4")), "line 1: written by a newer Belljar", "a newer version");
  check::equal(error_of(with("belljar-plan 3", "belljar-plan 1")), "line 1: unknown version", "no such version");
  check::equal(error_of(with("network open\n", "")), "a key is missing", "a missing key");
  check::equal(error_of(with("network open\n", "network open\nnetwork open\n")), "line 5: network stands twice", "a repeated key");
  check::equal(error_of(with("network open", "network wide")), "line 4: network: unknown value", "an unknown value");
  check::equal(error_of(with("socket /run/x", "socket env:SSH_AUTH_SOCK")), "", "a socket that a variable names");
  check::equal(error_of(with("socket /run/x", "socket env:A xdg-runtime:b /c @d display")), "", "places of one socket");
  check::equal(error_of(with("socket /run/x", "socket /a /b /c /d /e /f /g /h /i")), "line 15: socket: wrong number of fields", "too many places");
  check::equal(error_of(with("socket /run/x", "socket run/x")), "line 15: socket: not a socket", "neither path nor symbol");
  check::equal(error_of(with("read cwd", "read env:XAUTHORITY")), "", "a file that a variable names");
  check::equal(error_of(with("write arg:1", "write env:XAUTHORITY")), "line 12: write: not a place", "only to read");
  check::equal(error_of(with("exec runtime", "exec env:XAUTHORITY")), "line 11: exec: not a place", "nor to execute");
  check::equal(error_of(with("socket", "sockets")), "line 15: sockets: unknown key", "an unknown key");
  check::equal(error_of(whole + "x"), "does not end with a line end", "a trailing byte");
  check::equal(error_of(whole + "end\n"), "line 40: something follows end", "a trailing line");
  check::equal(error_of(whole.substr(0, whole.size() - 4)), "cut short: no end line", "cut at a line");
  check::that(!error_of(whole.substr(0, whole.size() - 1)).empty(), "cut by one byte");
  check::equal(error_of(with("read /a%20b", "read /a/../b")), "line 10: read: not a place", "paths are normal");
  check::equal(error_of(with("read /a%20b", "read a")), "line 10: read: not a place", "paths are absolute");
  check::equal(error_of(with("read /a%20b", "read runtime")), "line 10: read: not a place", "runtime is for exec");
  check::equal(error_of(with("read /a%20b", "read  /a")), "line 10: an empty field", "two spaces");
  check::equal(error_of(with("read /a%20b", "read /a\t")), "line 10: a control character", "a tab");
  check::equal(error_of(with("read /a%20b", "read arg:1+0")), "line 10: read: not a place", "an offset of nothing");
  check::equal(error_of(with("limit open-files 1024", "limit open-files 0")), "line 21: limit: unknown limit or value", "a limit of nothing");
  check::equal(error_of(with("env PATH", "env P=x")), "line 18: env: not a variable name", "variable names");
  check::equal(error_of(with("spool-limit 65536", "spool-limit 65535")), "line 7: spool-limit: out of bounds", "bounds");
  check::equal(error_of(with("server a.b", "server ../x")), "line 2: server: not a server id", "server ids");
  check::that(!error_of(std::string(plan_max_bytes + 1, 'x')).empty(), "too large");
  check::that(!error_of("").empty() && !error_of("\n").empty() && !error_of("end\n").empty(), "nothing");
  std::string many = with("end\n", "");
  for (size_t i = 0; i < plan_max_lines; i++) many += "read /x\n";
  check::that(!error_of(many + "end\n").empty(), "too many lines");

  // A pinned start takes the place of the first words, and the symbols keep naming what they named.
  auto pinned = [&](std::vector<std::string> command) {
    if (!parse_plan(whole, plan, error)) return std::string("TEST BUG");
    if (!take_pinned(plan, command)) return std::string("refused");
    std::string out;
    for (const std::string& word : command) out += "[" + word + "]";
    return out;
  };
  check::equal(pinned({"npx", "-y", "/x", "--root=/y"}), "[/n][a b][/x][--root=/y]", "in place of the first words");
  check::that(plan.rules[2].place.index == 1 && plan.rules[2].place.text == "arg:1" && plan.rules[3].place.index == 2, "arg:1 still names /x");
  check::equal(pinned({"npx", "-y"}), "[/n][a b]", "with nothing after them");
  for (const std::vector<std::string>& other : std::vector<std::vector<std::string>>{{"npx"}, {"npx", "-q", "/x"}, {"/usr/bin/npx", "-y"}, {"npx", "-y "}, {"-y", "npx"}}) {
    check::equal(pinned(other), "refused", "and only of exactly these");
  }
  plan.pinned = {"/n", {}, {"npx", "-y", "pkg"}};
  plan.rules = {{Access::read, {Place::Kind::argument, "", 1, 0, "arg:1"}}, {Access::read, {Place::Kind::argument, "", 2, 0, "arg:2"}}};
  std::vector<std::string> short_start{"npx", "-y", "pkg", "/x"};
  check::that(take_pinned(plan, short_start) && plan.rules[0].place.index == UINT32_MAX && plan.rules[1].place.index == 0,
              "a word that was replaced names nothing");
  check::that(parse_plan(before + "end\n", plan, error), "a plan without a pinned start");
  std::vector<std::string> unpinned{"npx", "-y"};
  check::that(take_pinned(plan, unpinned) && unpinned.size() == 2, "leaves the command line as it is");

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
