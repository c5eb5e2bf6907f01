// Areas: which paths may be touched, what a moved folder takes along, and the calls themselves on real files.
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../launcher/core/area-rules.hpp"
#include "../launcher/core/plan-change.hpp"
#include "../launcher/linux/area-work.hpp"
#include "../launcher/linux/opener.hpp"
#include "../launcher/linux/plan-update.hpp"
#include "../launcher/linux/target.hpp"
#include "../launcher/linux/walls.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

Patterns patterns_of(std::initializer_list<const char*> deny, std::initializer_list<const char*> protect, std::initializer_list<const char*> except = {}) {
  Patterns out;
  for (const char* one : deny) out.deny.push_back(*parse_pattern(one));
  for (const char* one : protect) out.protect.push_back(*parse_pattern(one));
  for (const char* one : except) out.except.push_back({*parse_pattern(one), true});
  return out;
}

std::string say(const AreaVerdict& verdict) {
  if (verdict.kind == AreaVerdict::Kind::outside) return "outside";
  if (verdict.kind == AreaVerdict::Kind::allowed) return verdict.late ? "late" : "allowed";
  return "refused " + std::string(verdict.why);
}

void test_area_rules() {
  AreaRules rules({{"/p", true, false}, {"/q", false, false}, {"/q/late", true, true}, {"/x/.git/hooks", true, false}},
                  patterns_of({"**/.env", "/p/secret"}, {"**/.git/hooks"}, {"**/ok/.env"}));
  auto judge = [&](const char* path, Touch touch) { return say(rules.judge(path, touch)); };
  check::equal(judge("/p/a", Touch::read), "allowed", "in an area");
  check::equal(judge("/p", Touch::change), "allowed", "the area itself");
  check::equal(judge("/p", Touch::name), "outside", "but not its own name");
  check::equal(judge("/pp", Touch::read), "outside", "by whole names");
  check::equal(judge("", Touch::read), "outside", "no path");
  check::equal(judge("(unreachable)/p/a", Touch::read), "outside", "not below our root");
  check::equal(judge("/p/a/.env", Touch::read), "refused **/.env", "denied");
  check::equal(judge("/p/ok/.env", Touch::change), "allowed", "excepted");
  check::equal(judge("/p/secret/deep", Touch::read), "refused /p/secret", "denied by its path");
  check::equal(judge("/p/.git/hooks/a", Touch::read), "allowed", "protected, to read");
  check::equal(judge("/p/.git/hooks/a", Touch::change), "refused **/.git/hooks", "protected");
  check::equal(judge("/p/.git/hooks", Touch::name), "refused **/.git/hooks", "and its name");
  check::equal(judge("/q/a", Touch::change), "refused area read", "only to read");
  check::equal(judge("/q/late/a", Touch::change), "late", "the widest counts");
  check::equal(judge("/q/late/a", Touch::read), "allowed", "and what the supervisor can do itself first");
  check::equal(judge("/x/.git/hooks/a", Touch::change), "allowed", "an area in what a pattern names is not empty");
  // What the kernel says of a file without a name.
  check::equal(judge("/p/.env (deleted)", Touch::read), "refused **/.env", "a denied file that lost its name");
  check::equal(judge("/p/a (deleted)", Touch::read), "allowed", "another one");
  check::equal(judge("/p/.env (deleted) (deleted)", Touch::read), "allowed", "or with such a name");

  // What is remembered of folders changes no answer: thousands of paths, once with it and once asked for the first time.
  std::mt19937 random(20261124);
  const char* names[] = {".env", "a", "b", ".git", "hooks", "secret", "x", "ok", "late", "a.pem"};
  Patterns some = patterns_of({"**/.env", "/p/secret", "**/*.pem", "**/a/b/x"}, {"**/.git/hooks", "**/x"}, {"**/ok/.env", "/q/a/.env"});
  std::vector<Area> held = {{"/p", true, false}, {"/q", false, false}, {"/q/late", true, true}, {"/p/.git/hooks", true, false}};
  AreaRules remembers(held, some);
  int different = 0;
  for (int round = 0; round < 20'000; round++) {
    std::string path = random() % 2 == 0 ? "/p" : "/q";
    for (unsigned i = random() % 5; i > 0; i--) path += std::string("/") + names[random() % 10];
    if (random() % 20 == 0) path += " (deleted)";
    Touch touch = random() % 3 == 0 ? Touch::read : random() % 2 == 0 ? Touch::change : Touch::name;
    remembers.judge(path, Touch::read);
    std::string again = say(remembers.judge(path, touch));
    // A late area of everything that allows nothing more keeps the quick way closed.
    std::vector<Area> slow = held;
    for (Area& area : slow) area.late = true;
    std::string full = say(AreaRules(slow, some).judge(path, touch));
    if ((again == "late" ? "allowed" : again) != (full == "late" ? "allowed" : full)) different++;
  }
  check::equal(different, 0, "the quick way and the long one say the same");

  auto ways = [&](const char* path) {
    std::string out;
    for (const WayBelow& way : rules.ways_below(path)) {
      for (const std::string& name : way) out += "/" + name;
      out += " ";
    }
    return out;
  };
  check::equal(ways("/p/.git"), "/hooks ", "a folder in the middle of a pattern");
  check::equal(ways("/p/a"), "", "one that is not");
  check::equal(ways("/p"), "/secret ", "above a whole path");
  check::equal(ways("/p/ok"), "/.env ", "an exception has ways as well");
}

void test_change() {
  const std::string start = "belljar-plan 3\nnetwork hosts\nread /a\nexec /b\narea write /c\nhost a.example 443 checked\nend\n";
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = start;
    return text.replace(text.find(from), from.size(), to);
  };
  auto say_change = [&](const std::string& before, const std::string& after, const std::string& first) {
    PlanChange change = compare_plans(first, before, after);
    std::string out;
    for (const std::string& line : change.now) out += line + "; ";
    out += "| ";
    for (const std::string& line : change.restart) out += line + "; ";
    return out;
  };
  check::equal(say_change(start, start, start), "| ", "nothing");
  check::equal(say_change(start, with("end\n", "read /n\ndeny **/.env\nend\n"), start), "+ deny **/.env; + read /n; | ", "new grants and denials");
  check::equal(say_change(start, with("read /a\n", ""), start), "| - read /a; ", "the kernel's walls keep what they had");
  check::equal(say_change(start, with("area write /c\n", ""), start), "- area write /c; | ", "an area goes at once");
  check::equal(say_change(start, with("exec /b", "exec /n"), start), "| - exec /b; + exec /n; ", "executions wait");
  std::string unseen = "belljar-plan 3\nnetwork none\nrecord without-files\nread /a\nend\n";
  std::string more = "belljar-plan 3\nnetwork none\nrecord without-files\nread /a\nread /n\ndeny /a/b\nsocket /s\nend\n";
  check::equal(say_change(unseen, more, unseen), "+ socket /s; | + deny /a/b; + read /n; ", "where files are not seen, their grants wait for the next start");
  check::equal(say_change(more, unseen, unseen), "- deny /a/b; - read /n; - socket /s; | ", "and what waits is taken back at once");
  check::equal(say_change(with("exec /b", "exec /n"), start, start), "- exec /n; + exec /b; | ", "back to what the run has");
  check::equal(say_change(with("end\n", "read /n\nend\n"), start, start), "- read /n; | ", "what came late goes at once");
  check::equal(say_change(start, with("host a", "host b"), start), "- host a.example 443 checked; + host b.example 443 checked; | ", "hosts");
  std::string none = with("network hosts", "network none");
  check::equal(say_change(none, none + "host b 443 checked\n", none), "| + host b 443 checked; ", "without a network process they wait");
}

void test_update() {
  PlanUpdate update;
  update.event = "{\"a\":1}";
  update.plan = "plan\n";
  update.areas = {{"/p", true, false}, {"/q", false, true}};
  update.sockets = {"@x", "/run/y"};
  PlanUpdate read;
  check::that(read_plan_update(write_plan_update(update), read), "an update is read as it was written");
  check::that(!read.refused && read.event == update.event && read.plan == update.plan && read.sockets == update.sockets && read.areas.size() == 2 &&
                  read.areas[0].write && !read.areas[0].late && read.areas[1].root == "/q" && !read.areas[1].write && read.areas[1].late,
              "and says the same");
  Descriptor file = write_plan_update(update);
  check::that(ftruncate(file.get(), 3) != 0 && write(file.get(), "x", 1) < 0, "nobody changes it afterwards");
  check::that(!read_plan_update(Descriptor(), read), "none");
}

struct Playground {
  std::string folder;
  Descriptor fd;

  Playground() {
    char name[] = "/tmp/belljar-areas-XXXXXX";
    folder = mkdtemp(name) != nullptr ? name : "";
    fd = Descriptor(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    folder = path_of(fd.get());
  }
  ~Playground() {
    if (system(("rm -rf " + folder).c_str()) != 0) return;
  }
  void write_file(const std::string& name) const {
    Descriptor file(open((folder + "/" + name).c_str(), O_CREAT | O_WRONLY, 0600));
    check::that(write(file.get(), name.data(), name.size()) == static_cast<ssize_t>(name.size()), "a file of the playground: " + name);
  }
  void make_folder(const std::string& name) const { check::that(mkdir((folder + "/" + name).c_str(), 0700) == 0, "a folder of the playground: " + name); }
};

std::string outcome(const AreaDone& done) {
  if (done.kind == AreaVerdict::Kind::outside) return "outside";
  if (done.kind == AreaVerdict::Kind::refused) return "refused";
  return done.error == 0 ? "done" : std::to_string(done.error);
}

// `ask`: who makes the call.
void test_calls(const Playground& at, const std::string& who, AreaDone (*ask)(const AreaCall&, const AreaObjects&)) {
  auto name_call = [&](AreaCall::Kind kind, const char* name, uint64_t mode = 0600) {
    AreaCall call;
    call.kind = kind;
    call.name = name;
    call.mode = mode;
    call.text = "x";
    call.umask = 027;
    return outcome(ask(call, {.folder = at.fd.get()}));
  };
  auto move = [&](AreaCall::Kind kind, const char* from, const char* to, uint64_t flags = 0) {
    AreaCall call;
    call.kind = kind;
    call.name = from;
    call.other_name = to;
    call.flags = flags;
    Descriptor object(openat(at.fd.get(), from, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return outcome(ask(call, {.object = kind == AreaCall::Kind::link ? object.get() : -1, .folder = kind == AreaCall::Kind::link ? -1 : at.fd.get(), .other_folder = at.fd.get()}));
  };
  auto open_name = [&](const char* name, uint64_t flags) {
    AreaCall call;
    call.flags = flags;
    Descriptor object(openat(at.fd.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return outcome(ask(call, {.object = object.get()}));
  };
  using Kind = AreaCall::Kind;
  at.write_file("a");
  at.write_file(".env");
  at.make_folder(".git");
  at.make_folder(".git/hooks");
  check::equal(open_name("a", O_RDONLY), "done", who + ": opens");
  check::equal(open_name(".env", O_RDONLY), "refused", who + ": not what is denied");
  check::equal(name_call(Kind::create, "new"), "done", who + ": makes a file");
  check::equal(name_call(Kind::create, "new"), std::to_string(EEXIST), who + ": once");
  struct stat info{};
  check::equal(name_call(Kind::make_folder, "d", 0777), "done", who + ": makes a folder");
  check::that(fstatat(at.fd.get(), "d", &info, 0) == 0 && (info.st_mode & 07777) == 0750, who + ": with the mask that was asked for");
  check::equal(name_call(Kind::make_link, ".env"), std::to_string(EEXIST), who + ": there is one");
  check::equal(name_call(Kind::remove, ".env"), "refused", who + ": removes nothing that is denied");
  check::equal(name_call(Kind::remove, ".env.none"), std::to_string(ENOENT), who + ": nothing there");
  check::equal(move(Kind::rename, "a", "b"), "done", who + ": renames");
  check::equal(move(Kind::rename, "b", ".env"), "refused", who + ": not to what is denied");
  check::equal(move(Kind::rename, ".env", "c"), "refused", who + ": not from there");
  check::equal(move(Kind::link, ".env", "c"), "refused", who + ": no other name for it");
  check::equal(move(Kind::rename, ".git", "x"), "refused", who + ": no folder with something protected below");
  check::equal(move(Kind::rename, ".git", "d", 2), "refused", who + ": nor in exchange");
  check::that(fstatat(at.fd.get(), ".git/hooks", &info, 0) == 0, who + ": it is still there");
  // A folder with such a name inside, that another one would make protected.
  at.make_folder("y");
  at.make_folder("y/hooks");
  check::that(renameat(at.fd.get(), ".git", at.fd.get(), "z") == 0, "moved away from outside");
  check::equal(move(Kind::rename, "y", ".git"), "refused", who + ": nothing is smuggled under a protected name");
  check::equal(name_call(Kind::make_link, ".git"), "refused", who + ": nor led there by a link");
  check::equal(name_call(Kind::make_folder, ".git"), "done", who + ": a new folder is empty");
  check::equal(move(Kind::link, "b", "e"), "done", who + ": another name");
  check::equal(name_call(Kind::remove, "e"), "done", who + ": removes");
  check::equal(name_call(Kind::remove_folder, "d"), "done", who + ": removes a folder");
}

AreaRules playground_rules;
MadeNames playground_made;
int opener_socket = -1;

}  // namespace

// What the run itself made under the first name of a pattern it may fill; what stood there before is kept, whatever becomes of its name.
static void test_made() {
  Playground at;
  Patterns patterns = patterns_of({}, {"**/keep/config"});
  for (const char* one : {"**/.git/hooks", "**/.git/config", "**/.git/modules/*/config"}) {
    patterns.protect.push_back(*parse_pattern(one));
    patterns.protect.back().old = true;
  }
  AreaRules rules({{at.folder, true, false}}, patterns);
  MadeNames made;
  using Kind = AreaCall::Kind;
  auto folder_of = [&](const std::string& path) {
    size_t slash = path.rfind('/');
    return Descriptor(openat(at.fd.get(), slash == std::string::npos ? "." : path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  };
  auto name_of = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  auto on_name = [&](Kind kind, const std::string& path) {
    AreaCall call{.kind = kind, .mode = 0700, .name = name_of(path), .text = "x"};
    return outcome(do_in_area(rules, made, call, {.folder = folder_of(path).get()}, false));
  };
  auto on_object = [&](Kind kind, const std::string& path) {
    AreaCall call{.kind = kind, .flags = O_WRONLY};
    Descriptor object(openat(at.fd.get(), path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return outcome(do_in_area(rules, made, call, {.object = object.get()}, false));
  };
  auto move = [&](const std::string& from, const std::string& to, uint64_t flags = 0) {
    AreaCall call{.kind = Kind::rename, .flags = flags, .name = name_of(from), .other_name = name_of(to)};
    return outcome(do_in_area(rules, made, call, {.folder = folder_of(from).get(), .other_folder = folder_of(to).get()}, false));
  };
  auto link = [&](const std::string& from, const std::string& to) {
    AreaCall call{.kind = Kind::link, .other_name = name_of(to)};
    Descriptor object(openat(at.fd.get(), from.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return outcome(do_in_area(rules, made, call, {.object = object.get(), .other_folder = folder_of(to).get()}, false));
  };
  // A repository that was there, one without its configuration, a working tree of another one, and a place for a new one.
  for (const char* one : {"old", "old/.git", "old/.git/modules", "bare", "bare/.git", "tree", "new", "also", "plain"}) at.make_folder(one);
  at.write_file("old/.git/config");
  at.write_file("tree/.git");
  check::equal(on_object(Kind::open, "old/.git/config"), "refused", "the configuration of what was there");
  check::equal(on_name(Kind::create, "bare/.git/config"), "refused", "nor is one put where there was none");
  check::equal(on_name(Kind::create, "bare/.git/index"), "done", "what git itself changes all the time is changed");
  check::equal(on_name(Kind::remove, "bare/.git/index"), "done", "and removed");
  check::equal(on_name(Kind::remove_folder, "bare/.git"), "refused", "it is not removed to be made anew");
  check::equal(move("bare/.git", "bare/g"), "refused", "nor moved away");
  check::equal(on_object(Kind::open, "tree/.git"), "refused", "a working tree is not led elsewhere");
  check::equal(on_object(Kind::shorten, "tree/.git"), "refused", "nor shortened");
  check::equal(on_name(Kind::remove, "tree/.git"), "refused", "nor removed");
  check::equal(link("tree/.git", "tree/g"), "refused", "nor written by another name");
  at.write_file("tree/other");
  check::equal(move("tree/other", "tree/.git"), "refused", "nor replaced");

  check::equal(on_name(Kind::make_folder, "new/.git"), "done", "a new repository");
  check::equal(on_name(Kind::create, "new/.git/config.lock"), "done", "its configuration");
  check::equal(move("new/.git/config.lock", "new/.git/config"), "done", "put in place");
  check::equal(on_object(Kind::open, "new/.git/config"), "done", "and changed");
  check::equal(on_name(Kind::make_folder, "new/.git/hooks"), "done", "its hooks");
  check::equal(on_name(Kind::make_folder, "new/.git/keep"), "done", "another folder");
  check::equal(on_name(Kind::create, "new/.git/keep/config"), "refused", "what is protected everywhere is there too");
  check::equal(move("new/.git", "old/.git", 2), "refused", "not in exchange for what was there");
  check::equal(move("new/.git/config", "old/.git/config"), "refused", "nor its file for that one's");
  check::equal(move("new/.git", "old/.git/modules/m"), "refused", "nor as a part of it");
  check::equal(on_name(Kind::make_folder, "old/.git/modules/.git"), "done", "one inside of what was there");
  check::equal(on_name(Kind::create, "old/.git/modules/.git/config"), "refused", "is its part, and not the run's");
  check::equal(on_name(Kind::make_link, "also/.git"), "refused", "no link by that name");
  check::equal(move("new/.git", "also/.git"), "done", "moved, with what it holds");
  check::equal(on_object(Kind::open, "also/.git/config"), "done", "it is still the run's");
  check::that(renameat(at.fd.get(), "also/.git", at.fd.get(), "also/g") == 0, "somebody outside puts another one in its place");
  at.make_folder("also/.git");
  at.write_file("also/.git/config");
  check::equal(on_object(Kind::open, "also/.git/config"), "refused", "which is not the run's");
  at.make_folder("plain/files");
  at.write_file("plain/files/config");
  check::equal(move("plain/files", "plain/.git"), "refused", "a folder with such a file does not become one");
  check::equal(on_name(Kind::create, "plain/.git"), "done", "a file that leads to a repository");
  check::equal(on_object(Kind::open, "plain/.git"), "done", "is the run's own");
  check::equal(on_name(Kind::remove, "plain/.git"), "done", "and removed");

  // What a person took back may be changed, and moved with its folder.
  patterns.except.push_back({*parse_pattern("**/.git/config"), true});
  rules = AreaRules({{at.folder, true, false}}, patterns);
  check::equal(on_object(Kind::open, "old/.git/config"), "done", "taken back");
  check::equal(move("old/.git", "old/g"), "done", "moved with what was taken back");
  check::equal(move("old/g", "old/.git"), "done", "and back");
  at.make_folder("old/.git/hooks");
  check::equal(move("old/.git", "old/g"), "refused", "not with what was not taken back");
}

void test_areas() {
  test_area_rules();
  test_made();
  test_change();
  test_update();
  {
    Playground at;
    playground_rules = AreaRules({{at.folder, true, false}}, patterns_of({"**/.env"}, {"**/.git/hooks"}));
    test_calls(at, "supervisor", [](const AreaCall& call, const AreaObjects& objects) { return do_in_area(playground_rules, playground_made, call, objects, false); });
    // FIFOs: nothing waits.
    check::that(mkfifoat(at.fd.get(), "fifo", 0600) == 0, "a FIFO");
    Descriptor object(openat(at.fd.get(), "fifo", O_PATH | O_CLOEXEC));
    int fd = open_again(object.get(), O_WRONLY);
    check::that(fd == -ENXIO && would_wait(ENXIO, O_WRONLY) && !would_wait(ENXIO, O_WRONLY | O_NONBLOCK), "nobody reads it yet");
    Descriptor reads(open_again(object.get(), O_RDONLY));
    check::that(static_cast<bool>(reads) && (fcntl(reads.get(), F_GETFL) & O_NONBLOCK) != 0, "the reading end");
    wait_as_asked(reads.get(), O_RDONLY);
    check::that((fcntl(reads.get(), F_GETFL) & O_NONBLOCK) == 0, "as it was asked for");
  }
  if (landlock_abi() == 0) {
    std::printf("native: the opener is not tried: this kernel has no Landlock\n");
    return;
  }
  Playground at;
  playground_rules = AreaRules({{at.folder, true, true}}, patterns_of({"**/.env"}, {"**/.git/hooks"}));
  AreaCall call;
  check::that(do_in_area(playground_rules, playground_made, call, {.object = at.fd.get()}, false).late, "what came late is somebody else's to open");
  int ends[2];
  check::that(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a way to the opener");
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    std::vector<Grant> grants(1);
    grants[0].access = Access::write;
    grants[0].area = true;
    grants[0].folder = true;
    grants[0].path = at.folder;
    grants[0].fd = Descriptor(fcntl(at.fd.get(), F_DUPFD_CLOEXEC, 3));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
    run_opener(Descriptor(ends[1]), playground_rules, grants, landlock_abi());
  }
  close(ends[1]);
  opener_socket = ends[0];
  test_calls(at, "opener", [](const AreaCall& asked, const AreaObjects& objects) {
    AreaDone done;
    check::that(ask_opener(opener_socket, asked, objects, done), "the opener answers");
    return done;
  });
  // Whoever asks with something else gets nothing, whatever the supervisor believes.
  Descriptor elsewhere(open("/etc/passwd", O_PATH | O_CLOEXEC));
  AreaDone done;
  check::that(ask_opener(opener_socket, call, {.object = elsewhere.get()}, done) && outcome(done) == "outside" && !done.fd, "nothing outside of its areas");
  // A name that is a way is no name: the opener ends rather than look it up.
  AreaCall below;
  below.kind = AreaCall::Kind::remove;
  below.name = "y/hooks";
  check::that(!ask_opener(opener_socket, below, {.folder = at.fd.get()}, done), "a name is one name");
  close(opener_socket);
  // How it ends is the sanitizer's affair: that asks the kernel for more than an opener may.
  check::that(waitpid(child, nullptr, 0) == child, "the opener ends with its supervisor");
}
