#include "plan-watch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../core/plan-change.hpp"
#include "../core/sha256.hpp"
#include "../core/text.hpp"
#include "kernel.hpp"
#include "opener.hpp"
#include "packets.hpp"
#include "plan-file.hpp"
#include "sockets.hpp"

namespace belljar {

namespace {

constexpr size_t change_lines_max = 100;
constexpr size_t change_line_max = 400;
constexpr size_t change_message_max = 500;

void add_list(std::string& out, const char* name, const std::vector<std::string>& list) {
  out += std::string(",\"") + name + "\":[";
  for (size_t i = 0; i < list.size() && i < change_lines_max; i++) {
    if (i > 0) out += ",";
    append_json_string(out, std::string_view(list[i]).substr(0, change_line_max));
  }
  out += "]";
}

std::string event_of(const std::string& digest, const PlanChange& change, const std::vector<std::string>& not_applied, const PlanProblem* problem) {
  std::string out = "{\"digest\":\"" + digest + "\"";
  add_list(out, "now", change.now);
  add_list(out, "restart", change.restart);
  add_list(out, "notApplied", not_applied);
  if (problem != nullptr) {
    bool known = strcmp(problem->code, "no-plan") != 0;
    std::string message = problem->sentence;
    for (std::string_view ending : {", so the server was not started", ", so it was not started", ", so it was not believed"}) {
      size_t at = message.find(ending);
      if (at != std::string::npos) message.erase(at, ending.size());
    }
    out += std::string(",\"reason\":\"") + (known ? problem->code : "plan-unreadable") + "\",\"message\":";
    append_json_string(out, std::string_view(message).substr(0, change_message_max));
  }
  return out + "}";
}

// Does the supervisor's own wall hold it already?
bool held(const std::vector<std::string>& roots, std::string_view path) {
  return std::any_of(roots.begin(), roots.end(), [path](const std::string& root) { return path_within(path, root); });
}

std::string own_plan_file(std::string_view plan_file, const std::string& run) {
  constexpr std::string_view ending = ".plan";
  if (plan_file.ends_with(ending)) plan_file.remove_suffix(ending.size());
  return std::string(plan_file) + "@" + run + std::string(ending);
}

}  // namespace

PlanWatch::~PlanWatch() { end_opener(); }

bool PlanWatch::prepare() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  own_end_ = Descriptor(ends[0]);
  supervisor_end_ = Descriptor(ends[1]);
  return true;
}

void PlanWatch::begin(Started started) {
  supervisor_end_.reset();
  if (!own_end_) return;
  started_ = std::move(started);
  own_plan_file_ = own_plan_file(started_.plan_file, started_.run);
  before_ = started_.bytes;
  for (const AccessRule& rule : started_.plan.rules) {
    if (rule.access == Access::write && rule.place.kind == Place::Kind::path) written_.push_back(real_path(rule.place.path));
  }
  written_.insert(written_.end(), started_.writable_areas.begin(), started_.writable_areas.end());
  notices_ = Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  std::string folder(parent_of(started_.plan_file[0] == '/' ? started_.plan_file : started_.launch.cwd + "/" + started_.plan_file));
  if (!notices_ || inotify_add_watch(notices_.get(), folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_ONLYDIR) < 0) {
    notices_.reset();
    return;
  }
  // It may have changed since it was read.
  take_up();
}

void PlanWatch::look() {
  alignas(inotify_event) char buffer[4096];
  std::string_view files[] = {base_name(started_.plan_file), base_name(own_plan_file_)};
  bool named = false;
  ssize_t n = 0;
  while ((n = read(notices_.get(), buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= n;) {
      const inotify_event* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      named = named || (event->mask & IN_Q_OVERFLOW) != 0 || (event->len > 0 && (files[0] == event->name || files[1] == event->name));
    }
  }
  if (named) take_up();
}

const Plan* PlanWatch::take_plan() {
  bool is_new = is_new_;
  is_new_ = false;
  return is_new ? &latest_ : nullptr;
}

void PlanWatch::take_up() {
  std::string bytes;
  Plan plan;
  PlanProblem problem;
  PlanUpdate update;
  const std::string& server = started_.server.empty() ? started_.plan.server : started_.server;
  bool believed = read_plan_file(own_plan_file_, server, bytes, plan, problem);
  if (!believed && strcmp(problem.code, "no-plan") == 0) believed = read_plan_file(started_.plan_file, server, bytes, plan, problem);
  if (!believed) {
    // A plan that is being removed is a server that is being released: the run keeps what it has.
    if (strcmp(problem.code, "no-plan") == 0 || (bytes == refused_ && !bytes.empty())) return;
    refused_ = bytes;
    update.refused = true;
    update.event = event_of(bytes.empty() ? std::string() : sha256_hex(bytes), {}, {}, &problem);
    send(update, {});
    return;
  }
  refused_.clear();
  if (bytes == before_) return;
  PlanChange change = compare_plans(started_.bytes, before_, bytes);
  before_ = bytes;
  std::string digest = sha256_hex(bytes);

  // Symbols mean words of the command line that the run was started with.
  std::vector<std::string> command = started_.command_line;
  bool same_start = take_pinned(plan, command) && command.size() == started_.launch.args.size() + 1 &&
                    std::equal(started_.launch.args.begin(), started_.launch.args.end(), command.begin() + 1);
  // What the kernel's walls hold since the start is theirs; all else that is granted is an area.
  Plan granted = plan;
  std::erase_if(granted.rules, [&](const AccessRule& rule) {
    if (started_.plan.files_unseen || rule.access == Access::exec || (!same_start && rule.place.kind == Place::Kind::argument)) return true;
    return !rule.area && std::any_of(started_.plan.rules.begin(), started_.plan.rules.end(), [&rule](const AccessRule& one) {
             return !one.area && one.access == rule.access && one.place.text == rule.place.text;
           });
  });
  PlaceResolver resolver(granted, started_.launch, started_.own_folders, started_.path_variable);
  resolver.distrust(written_);
  resolver.add_late_areas();
  update.plan = bytes;
  update.sockets = find_sockets(plan, resolver, resolver.notes());
  Places places = resolver.take();
  bool late = false;
  for (const Grant& grant : places.grants) {
    bool write = grant.access == Access::write;
    bool own = held(started_.writable_areas, grant.path) || (!write && held(started_.areas, grant.path));
    late = late || !own;
    update.areas.push_back({grant.path, write, !own});
    if (write) written_.push_back(grant.path);
  }
  latest_ = plan;
  is_new_ = true;
  update.event = event_of(digest, change, places.not_applied, nullptr);
  Descriptor opener;
  int old = opener_;
  opener_ = 0;
  if (late && !start_opener(AreaRules(update.areas, plan.patterns), places.grants, opener)) {
    std::erase_if(update.areas, [](const Area& area) { return area.late; });
    places.not_applied.push_back(std::string("area: nobody could be started who opens it: ") + strerror(errno));
    update.event = event_of(digest, change, places.not_applied, nullptr);
  }
  send(update, opener);
  // The old one has the old plan's grants.
  std::swap(opener_, old);
  end_opener();
  opener_ = old;
}

bool PlanWatch::start_opener(const AreaRules& rules, const std::vector<Grant>& grants, Descriptor& supervisors) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  supervisors = Descriptor(ends[0]);
  Descriptor own(ends[1]);
  pid_t child = fork();
  if (child == 0) run_opener(std::move(own), rules, grants, started_.landlock_abi);
  opener_ = child > 0 ? child : 0;
  return child > 0;
}

void PlanWatch::end_opener() {
  if (opener_ <= 0) return;
  kill(opener_, SIGKILL);
  while (waitpid(opener_, nullptr, 0) < 0 && errno == EINTR) {
  }
  opener_ = 0;
}

void PlanWatch::send(const PlanUpdate& update, const Descriptor& opener) {
  Descriptor file = write_plan_update(update);
  if (!file) return;
  int descriptors[2] = {file.get(), opener.get()};
  send_packet(own_end_.get(), "plan", descriptors, opener ? 2 : 1);
}

}  // namespace belljar
