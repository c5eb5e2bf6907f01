#include "../launcher/core/ask-budget.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../launcher/linux/ask-door.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

AskMessage about(AskKind kind, std::string_view text, uint32_t port = 0) {
  AskMessage message{};
  message.kind = kind;
  message.port = port;
  message.length = static_cast<uint32_t>(text.size());
  memcpy(message.text, text.data(), text.size());
  return message;
}

void test_waits() {
  AskBudget budget;
  check::equal(budget.room(1'000), ask_wait_ms, "the first question may wait 20 s");
  budget.begin(1'000);
  budget.begin(2'000);
  check::equal(budget.room(11'000), ask_wait_ms, "questions that wait at the same time count once");
  budget.end(21'000);
  budget.end(22'000);  // 21 s
  budget.begin(22'000);
  budget.end(42'000);  // 41 s
  check::equal(budget.room(42'000), int64_t{4'000}, "what is left of 45 s");
  budget.begin(42'000);
  check::equal(budget.room(43'500), int64_t{0}, "too little to read a question");
  budget.end(46'000);  // 45 s
  check::equal(budget.room(46'000), int64_t{0}, "nothing is left");
  check::equal(budget.room(64'000), int64_t{3'000}, "a minute after the first one began there is room again");
  check::equal(budget.room(200'000), ask_wait_ms, "and later all of it");
  budget.end(200'000);
  check::equal(budget.room(200'000), ask_wait_ms, "an end without a beginning changes nothing");
  // However they come, no minute holds more than 45 s.
  AskBudget any;
  std::vector<std::pair<int64_t, int64_t>> waits;
  uint32_t seed = 7;
  int64_t now = 0;
  for (int i = 0; i < 400; i++) {
    seed = seed * 1'664'525 + 1'013'904'223;
    now += seed % 9'000;
    int64_t room = any.room(now);
    if (room == 0) continue;
    any.begin(now);
    waits.emplace_back(now, now + room);
    now += room;
    any.end(now);
  }
  int64_t most = 0;
  for (const auto& [from, to] : waits) {
    int64_t sum = 0;
    for (const auto& [begin, end] : waits) sum += std::max<int64_t>(0, std::min(end, to) - std::max(begin, to - ask_window_ms));
    most = std::max(most, sum);
  }
  check::that(most <= ask_waits_ms && most > ask_waits_ms / 2, "45 s in any minute");
}

void test_verdicts() {
  std::string ok = "HTTP/1.1 200 OK\r\n\r\n";
  HostVerdict run = host_verdict(ok + "{\"outcome\":\"allowed\",\"asked\":true,\"until\":\"stop\",\"up\":2}");
  check::that(run.reason.empty() && run.asked && run.until_stop && run.up == 2, "until it stops");
  for (const char* wrong : {"{\"outcome\":\"allowed\",\"asked\":false,\"until\":\"stop\",\"up\":0}", "{\"outcome\":\"allowed\",\"asked\":true,\"until\":\"stop\",\"up\":-1}",
                            "{\"outcome\":\"allowed\",\"asked\":true,\"until\":\"stop\",\"up\":1000}", "{\"outcome\":\"allowed\",\"asked\":true,\"until\":\"stop\"}",
                            "{\"outcome\":\"refused\",\"reason\":\"no\",\"asked\":true,\"until\":\"stop\",\"up\":0}"}) {
    HostVerdict verdict = host_verdict(ok + wrong);
    check::that(verdict.reason == "no-host" && !verdict.until_stop, wrong);
  }
}

void test_grants() {
  AskGrant file = ask_grant_for(about(AskKind::read, "/a/b/c.txt"), 0);
  check::that(ask_grant_covers(file, about(AskKind::read, "/a/b/c.txt"), 5), "the file");
  check::that(!ask_grant_covers(file, about(AskKind::write, "/a/b/c.txt"), 5), "not to write it");
  check::that(!ask_grant_covers(file, about(AskKind::read, "/a/b/c.txt/d"), 5), "nothing below a file");
  check::that(!ask_grant_covers(file, about(AskKind::socket, "/a/b/c.txt"), 5), "not as a socket");
  AskGrant folder = ask_grant_for(about(AskKind::write, "/a/b/c.txt"), 1);
  check::equal(folder.text, std::string("/a/b"), "its folder");
  check::that(ask_grant_covers(folder, about(AskKind::read, "/a/b/x/y"), 5), "to write is to read");
  check::that(!ask_grant_covers(folder, about(AskKind::read, "/a/bc"), 5), "not a folder that begins alike");
  check::equal(ask_grant_for(about(AskKind::read, "/a/b"), 2).text, std::string(), "never everything");
  check::equal(ask_grant_for(about(AskKind::read, "/a/b"), 100).text, std::string(), "nor by more steps than there are");
  AskMessage listed = about(AskKind::read, "/a/b");
  listed.folder = 1;
  check::that(ask_grant_covers(ask_grant_for(listed, 0), about(AskKind::read, "/a/b/c"), 5), "a folder is its content too");

  AskGrant host = ask_grant_for(about(AskKind::host, "api.example.com", 8443), 0);
  check::that(ask_grant_covers(host, about(AskKind::host, "api.example.com", 8443), 5), "the host at its port");
  check::that(ask_grant_covers(host, about(AskKind::host, "api.example.com", 0), 5), "and its look-up");
  check::that(!ask_grant_covers(host, about(AskKind::host, "api.example.com", 443), 5), "not at another port");
  AskGrant looked_up = ask_grant_for(about(AskKind::host, "api.example.com"), 0);
  check::that(ask_grant_covers(looked_up, about(AskKind::host, "api.example.com", 443), 5), "a look-up is for 443");
  check::that(!ask_grant_covers(looked_up, about(AskKind::host, "api.example.com", 22), 5), "and no other port");
  AskGrant domain = ask_grant_for(about(AskKind::host, "a.api.example.com", 443), 2);
  check::equal(domain.text, std::string("example.com"), "the names below its domain");
  check::that(ask_grant_covers(domain, about(AskKind::host, "x.example.com", 443), 5), "one of them");
  check::that(!ask_grant_covers(domain, about(AskKind::host, "example.com", 443), 5), "not the domain itself");
  check::that(!ask_grant_covers(domain, about(AskKind::host, "badexample.com", 443), 5), "not one that ends alike");
  check::equal(ask_grant_for(about(AskKind::host, "example.com", 443), 1).text, std::string(), "never all of .com");
  check::that(ask_grant_covers(ask_grant_for(about(AskKind::local, "", 5432), 0), about(AskKind::local, "", 5432), 5), "a port of this machine");
  check::that(!ask_grant_covers(ask_grant_for(about(AskKind::local, "", 5432), 0), about(AskKind::local, "", 5433), 5), "not another one");
  host.until = 100;
  check::that(ask_grant_covers(host, about(AskKind::host, "api.example.com", 8443), 99), "until its time is over");
  check::that(!ask_grant_covers(host, about(AskKind::host, "api.example.com", 8443), 100), "and no longer");
}

void test_bodies() {
  check::equal(ask_body("one", "run-1", about(AskKind::read, "/a \"b\"\n"), 9'500),
               std::string("{\"server\":\"one\",\"run\":\"run-1\",\"about\":{\"kind\":\"file\",\"access\":\"read\",\"folder\":false,\"path\":\"/a \\\"b\\\"\\u000a\"},\"granted\":false,\"waitMs\":9500}"),
               "a path cannot leave its string");
  check::equal(ask_body("one", "run-1", about(AskKind::read, "/a\xFF"), 1), std::string(), "what cannot be shown is not asked");
  check::equal(ask_body("one", "run-1", about(static_cast<AskKind>(9), "x"), 1), std::string(), "an unknown kind");
  check::that(ask_body("one", "run-1", about(AskKind::host, "a.example", 443), 1).find("\"kind\":\"host\",\"host\":\"a.example\",\"port\":443}") != std::string::npos, "a host");
  check::that(ask_body("one", "run-1", about(AskKind::local, "", 80), 1).find("\"kind\":\"local\",\"port\":80}") != std::string::npos, "a port");
}

// Whatever the supervisor says: without a host, and for places that are refused, the answer is no, and at once.
void test_door() {
  Plan plan;
  plan.server = "one";
  plan.spool = "/nonexistent/belljar/spool";
  plan.refuse = {"/secret"};
  plan.patterns.deny = {*parse_pattern("**/.env")};
  plan.patterns.protect = {*parse_pattern("**/.git/hooks")};
  AskDoor door;
  check::that(door.open(plan, "run-1"), "the door opens");
  Descriptor supervisor = door.take_supervisor_end();
  uint32_t number = 0;
  auto ask = [&](AskMessage message) {
    message.number = ++number;
    if (send(supervisor.get(), &message, sizeof message, 0) < 0) return std::string("not sent");
    door.serve();
    AskAnswer answer{};
    if (recv(supervisor.get(), &answer, sizeof answer, MSG_DONTWAIT) != static_cast<ssize_t>(sizeof answer)) return std::string("nothing");
    if (answer.number != number) return std::string("another's");
    return std::string(answer.allowed ? "allowed" : "refused") + (answer.asked ? " asked" : "");
  };
  for (const char* path : {"/tmp/x", "/secret/key", "/proc/1/mem", "/dev/sda", "/srv/app/.env", "relative", "/a/../b", "/a//b", "", "/nonexistent/belljar/log"}) {
    check::equal(ask(about(AskKind::read, path)), std::string("refused"), path);
  }
  check::equal(ask(about(AskKind::write, "/srv/app/.git/hooks/x")), std::string("refused"), "what is protected");
  AskMessage long_one = about(AskKind::read, "/tmp/x");
  long_one.length = 1 << 20;
  check::equal(ask(long_one), std::string("refused"), "a length that is none");
  check::equal(ask(about(static_cast<AskKind>(77), "/tmp/x")), std::string("refused"), "a kind that is none");
  AskMessage gone = about(AskKind::read, "/tmp/x");
  gone.step = AskMessage::Step::gone;
  check::equal(ask(gone), std::string("nothing"), "a call that nobody knows of");
  check::that(send(supervisor.get(), "short", 5, 0) == 5, "a packet of another size");
  door.serve();
  check::equal(ask(about(AskKind::host, "a.example", 443)), std::string("refused"), "the next one is served");
}

// With a host that listens: what is refused never reaches it, and everything else waits for its answer.
void test_refused_places(const char* state_name) {
  char name[] = "/tmp/belljar-ask-XXXXXX";
  std::string folder = mkdtemp(name) != nullptr ? name : "";
  std::string state = folder + "/" + state_name;
  check::that(mkdir(state.c_str(), 0700) == 0, "a folder of the host");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/host.sock", state.c_str());
  Descriptor host(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  check::that(bind(host.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(host.get(), 64) == 0, "a host");
  struct Case {
    AskKind kind;
    std::string path;
    const char* outcome;
  };
  const Case cases[] = {
      {AskKind::read, "/srv/x", "waits"},
      {AskKind::write, "/srv/x", "waits"},
      {AskKind::socket, "/srv/s", "waits"},
      {AskKind::read, "/secret/key", "refused"},
      {AskKind::read, "/srv/app/.env", "refused"},
      {AskKind::write, "/srv/app/.env", "refused"},
      {AskKind::read, "/srv/app/.git/hooks/x", "waits"},
      {AskKind::write, "/srv/app/.git/hooks/x", "refused"},
      {AskKind::read, "/proc/1/mem", "refused"},
      {AskKind::read, "/sys/x", "refused"},
      {AskKind::read, "/dev/sda", "refused"},
      {AskKind::read, "/a/../b", "refused"},
      {AskKind::read, state + "/spool/x", "refused"},
      {AskKind::read, state + "/log", std::string_view(state_name) == "belljar" ? "refused" : "waits"},
      {AskKind::socket, state + "/host.sock", "refused"},
  };
  for (const Case& one : cases) {
    // Each at a door of its own: none is refused for want of room.
    Plan plan;
    plan.server = "one";
    plan.spool = state + "/spool";
    plan.refuse = {"/secret"};
    plan.patterns.deny = {*parse_pattern("**/.env")};
    plan.patterns.protect = {*parse_pattern("**/.git/hooks")};
    AskDoor door;
    check::that(door.open(plan, "run-1"), "the door opens");
    Descriptor supervisor = door.take_supervisor_end();
    AskMessage message = about(one.kind, one.path);
    message.number = 1;
    check::that(send(supervisor.get(), &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message), "asked");
    door.serve();
    AskAnswer answer{};
    bool answered = recv(supervisor.get(), &answer, sizeof answer, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof answer);
    Descriptor asked(accept4(host.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string outcome = answered ? answer.allowed ? "allowed" : "refused" : "waits";
    if (static_cast<bool>(asked) == answered) outcome += ", and the host is asked otherwise";
    check::equal(outcome, std::string(one.outcome), "a place: " + std::to_string(static_cast<int>(one.kind)) + " " + one.path);
  }
  unlink(address.sun_path);
  check::that(rmdir(state.c_str()) == 0 && rmdir(folder.c_str()) == 0, "the folder of the host goes");
}

int64_t slept_ms = 0;

// What a host answers to a question that was put before the machine slept so long.
std::string answer_after_sleep(int64_t sleep_ms) {
  char name[] = "/tmp/belljar-ask-XXXXXX";
  std::string state = mkdtemp(name) != nullptr ? name : "";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/host.sock", state.c_str());
  Descriptor host(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check::that(bind(host.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(host.get(), 1) == 0, "a host");
  Plan plan;
  plan.server = "one";
  plan.spool = state + "/spool";
  // Time stands still here: only how long the machine slept tells the two apart.
  slept_ms = 5'000;
  AskDoor door({[] { return int64_t{1'000'000}; }, [] { return slept_ms; }});
  check::that(door.open(plan, "run-1"), "the door opens");
  Descriptor supervisor = door.take_supervisor_end();
  AskMessage message = about(AskKind::host, "a.example", 443);
  message.number = 1;
  check::that(send(supervisor.get(), &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message), "asked");
  door.serve();
  Descriptor asked(accept4(host.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string said = "HTTP/1.1 200 OK\r\n\r\n{\"outcome\":\"allowed\",\"asked\":true}";
  check::that(send(asked.get(), said.data(), said.size(), 0) == static_cast<ssize_t>(said.size()), "answered");
  asked.reset();
  slept_ms += sleep_ms;
  door.serve();
  AskAnswer answer{};
  bool came = recv(supervisor.get(), &answer, sizeof answer, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof answer);
  unlink(address.sun_path);
  rmdir(state.c_str());
  return !came ? "nothing" : answer.allowed ? "allowed" : "refused";
}

void test_sleep() {
  check::equal(answer_after_sleep(0), std::string("allowed"), "an answer of somebody who was there");
  check::equal(answer_after_sleep(100), std::string("allowed"), "two clocks are not read at once");
  check::equal(answer_after_sleep(60'000), std::string("refused"), "an answer from before the machine slept");
}

}  // namespace

void test_ask() {
  test_sleep();
  test_waits();
  test_verdicts();
  test_grants();
  test_bodies();
  test_door();
  test_refused_places("belljar");
  test_refused_places("elsewhere");
}
