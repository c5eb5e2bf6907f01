// The launcher's smaller parsers: what plans, servers, clients' environments, the host and the machine's files say.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "../launcher/core/area-rules.hpp"
#include "../launcher/core/audit-record.hpp"
#include "../launcher/core/link.hpp"
#include "../launcher/core/name-table.hpp"
#include "../launcher/core/pattern.hpp"
#include "../launcher/core/plan-change.hpp"
#include "../launcher/core/plan.hpp"
#include "../launcher/core/sha256.hpp"
#include "../launcher/core/socket-place.hpp"
#include "../launcher/core/spool.hpp"
#include "../launcher/core/text.hpp"
#include "../launcher/linux/environment.hpp"
#include "../launcher/linux/host-question.hpp"
#include "../launcher/linux/package-caches.hpp"
#include "../launcher/linux/proxy.hpp"
#include "../launcher/linux/run-group.hpp"
#include "../launcher/linux/secrets.hpp"
#include "json-reader.hpp"
#include "targets.hpp"

namespace fuzz {

using namespace belljar;

namespace {

// Parts of an input, cut at zero bytes.
std::vector<std::string> words_of(const uint8_t* bytes, size_t size) {
  std::vector<std::string> out;
  for (std::string_view one : split(text_of(bytes, size), '\0')) out.emplace_back(one);
  return out;
}

// One path and one segment of a pattern, in the simplest words: star by star.
bool matches_slowly(std::string_view pattern, std::string_view name) {
  std::vector<bool> reached(name.size() + 1, false);
  reached[0] = true;
  for (char c : pattern) {
    std::vector<bool> next(name.size() + 1, false);
    for (size_t i = 0; i <= name.size(); i++) {
      if (!reached[i]) continue;
      if (c == '*') std::fill(next.begin() + static_cast<std::ptrdiff_t>(i), next.end(), true);
      else if (i < name.size() && name[i] == c) next[i + 1] = true;
    }
    reached = next;
  }
  return reached[name.size()];
}

// A plan's line of two kinds decides the same as this.
bool named_slowly(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments) {
  if (!pattern.path.empty()) return path_within(path, pattern.path);
  for (size_t i = 0; i + pattern.segments.size() <= segments.size(); i++) {
    bool all = true;
    for (size_t k = 0; k < pattern.segments.size(); k++) all = all && matches_slowly(pattern.segments[k], segments[i + k]);
    if (all) return true;
  }
  return false;
}

}  // namespace

void pattern(const uint8_t* bytes, size_t size) {
  auto words = words_of(bytes, size);
  if (words.size() < 2 || words[1].size() > 4096) return;
  std::string path = lexical_path("/root", words[1]);
  Patterns patterns;
  for (size_t i = 0; i < words.size() && i < 8; i++) {
    if (i == 1) continue;
    auto one = parse_pattern(words[i]);
    if (!one) continue;
    require(parse_pattern(one->text).has_value(), "a pattern is what it was written as");
    (i % 3 == 2 ? patterns.protect : patterns.deny).push_back(std::move(*one));
  }
  for (const std::string& root : {std::string("/root"), std::string(parent_of(path)), path}) {
    if (!path_within(path, root) || root == "/") continue;
    auto segments = visible_segments(path, root);
    bool denied = false;
    bool held = false;
    for (const Pattern& one : patterns.deny) denied = denied || named_slowly(one, path, segments);
    for (const Pattern& one : patterns.protect) held = held || named_slowly(one, path, segments);
    auto verdict = judge_patterns(patterns, path, segments);
    auto wanted = denied ? PatternVerdict::Kind::deny : held ? PatternVerdict::Kind::protect : PatternVerdict::Kind::free;
    require(verdict.kind == wanted, "a pattern decides what its words say");
    // The same with all that is remembered of folders, twice.
    AreaRules rules({{root, true, false}}, patterns);
    for (Touch touch : {Touch::read, Touch::change, Touch::read, Touch::name}) {
      bool allowed = rules.judge(path, touch).kind == AreaVerdict::Kind::allowed;
      bool wants = !denied && (touch == Touch::read || !held) && !(touch == Touch::name && path == root);
      // A name that could mean a file that is gone must be allowed as both.
      if (path.find(" (deleted)") == std::string::npos) require(allowed == wants, "an area decides what its patterns say");
      else require(!allowed || wants, "an area decides no less for a name that may be of a file that is gone");
    }
    for (const WayBelow& way : rules.ways_below(path)) require(!way.empty() && way.size() <= pattern_segments_max, "a way below has names");
  }
}

void link(const uint8_t* bytes, size_t size) {
  auto found = parse_link(text_of(bytes, size));
  if (!found) return;
  require(size <= link_max_bytes && !found->host.empty(), "a link is bounded and has a host");
  for (size_t i = 0; i < size; i++) require(bytes[i] > 0x20 && bytes[i] < 0x7F, "a link can be shown");
  std::string lower(text_of(bytes, size));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  require(lower.starts_with("https://") || (found->loopback && lower.starts_with("http://")), "a link is of a scheme that may be opened");
  require(lower.compare(lower.find("://") + 3, found->host.size(), found->host) == 0, "the host is what stands first");
  require(link_rule_covers(found->host, *found) != found->loopback, "a host covers itself, but never this machine");
}

void socket_place(const uint8_t* bytes, size_t size) {
  auto words = words_of(bytes, size);
  for (bool only_paths : {false, true}) {
    auto place = parse_socket_place(words[0], only_paths);
    if (place && place->kind == SocketPlace::Kind::path) require(!place->value.empty() && place->value[0] == '/', "a path is absolute");
    if (place && only_paths) require(place->kind == SocketPlace::Kind::path, "version 2 knew paths only");
  }
  for (const std::string& word : words) {
    for (const std::vector<std::string>& found : {sockets_of_value(word, "/run/user/1"), sockets_of_display(word)}) {
      require(found.size() <= 64, "what a variable leads to is bounded");
      for (const std::string& one : found) require(!one.empty() && (one[0] == '/' || one[0] == '@') && one.find('\0') == std::string::npos, "a socket is a path or an abstract name");
    }
  }
}

void host_answer(const uint8_t* bytes, size_t size) {
  HostVerdict verdict = host_verdict(text_of(bytes, size));
  if (!verdict.reason.empty()) {
    require(!verdict.until_stop, "what is refused does not last");
    return;
  }
  std::string_view text = text_of(bytes, size);
  require(text.starts_with("HTTP/1.1 200 ") && text.find("{\"outcome\":\"allowed\"") != std::string_view::npos, "what is allowed was said to be");
  require(verdict.asked || !verdict.until_stop, "nothing lasts that nobody was asked for");
}

// JSON, paths, numbers, and the client's first line.
void text(const uint8_t* bytes, size_t size) {
  std::string_view in = text_of(bytes, size);
  std::string json;
  append_json_string(json, in);
  require(is_json(json), "a JSON string is JSON");
  for (unsigned char c : json) require(c >= 0x20, "and holds no control character");
  std::string path = lexical_path("/base", in);
  require(!path.empty() && path[0] == '/', "a path without its dots is absolute");
  require(lexical_path("/", path) == path, "and stays the same");
  // A final slash or a zero byte are the text's own.
  if (plain_path(in)) require(lexical_path("/", in) == in, "a plain path has nothing to take out");
  require(path_within(path, parent_of(path)), "a path lies in its folder");
  if (auto number = parse_number(in, 1'000'000)) require(std::to_string(*number) == in, "a number is what was written");
  if (auto plain = percent_decode(in)) require(plain->find('\0') == std::string::npos && plain->size() <= in.size(), "what is decoded holds no zero byte");
  if (auto id = initialize_request_id(in)) require(is_json(*id), "a request's number is JSON");
  if (valid_server_id(in)) require(in.size() <= 64 && in.find('/') == std::string_view::npos, "a server's id is a file's name");
  require(sha256_hex(in).size() == 64, "a digest has its length");
}

void proxy(const uint8_t* bytes, size_t size) {
  auto words = words_of(bytes, size);
  words.resize(3);
  for (const char* name : proxy_variables) unsetenv(name);
  setenv("HTTPS_PROXY", words[0].c_str(), 1);
  setenv("http_proxy", words[1].c_str(), 1);
  setenv("NO_PROXY", words[2].c_str(), 1);
  std::string unusable;
  UpstreamProxy found = proxy_from_environment(unusable);
  require(found.host.empty() || found.port != 0, "a proxy has a port");
  for (char c : found.authorization) require(c >= 0x20 && c < 0x7F, "what is sent to a proxy is one line");
  for (char c : found.host) require(c > 0x20 && c < 0x7F, "a proxy's host can be shown");
  found.goes_direct(words[1]);
}

// Files of the machine, of /proc and of package managers.
void machine_files(const uint8_t* bytes, size_t size) {
  std::string_view in = text_of(bytes, size);
  std::string mount = group_mount(in);
  require(mount.find('\n') == std::string::npos && mount.find(' ') == std::string::npos, "a mount point is one field");
  std::string group = own_group(in);
  require(group.empty() || (group[0] == '/' && group.find("/..") == std::string::npos), "a group lies in the tree");
  event_count(in, "oom_kill");
  auto words = words_of(bytes, size);
  words.resize(3);
  std::string name = package_name(words[0]);
  require(name.find("..") == std::string::npos || name.find('/') == std::string::npos || name[0] == '@', "a package's name leads nowhere else");
  if (!name.empty()) require(name.size() <= 214 && name[0] != '/' && name[0] != '-', "a package's name is a name");
  std::string registry = registry_of(words[1], words[2]);
  require(registry.empty() || registry.starts_with("http"), "a registry has an address");
  std::string_view kept = kept_name(words[0]);
  require(kept.find('/') == std::string_view::npos && kept.find('.') == std::string_view::npos, "a kept secret's name is no path");
  std::vector<std::string> left = without_kept(words);
  for (const std::string& one : left) require(kept_name_of_argument(one).empty(), "no argument asks for a kept secret");
}

// Two plans that are valid, and what the change from one to the other is called.
void plan_change(const uint8_t* bytes, size_t size) {
  auto words = words_of(bytes, size);
  words.resize(3);
  PlanChange change = compare_plans(words[0], words[1], words[2]);
  require(change.now.size() <= plan_change_lines_max + 1 && change.restart.size() <= plan_change_lines_max + 1, "what is told of a change is bounded");
  for (const auto* list : {&change.now, &change.restart}) {
    for (const std::string& one : *list) require(one.size() <= plan_change_line_max + 8, "and so is each line of it");
  }
  std::vector<HostRule> hosts;
  if (!parse_hosts(words[0], hosts)) return;
  std::vector<HostRule> again;
  require(parse_hosts(format_hosts(hosts), again) && again.size() == hosts.size(), "hosts are read as they were written");
}

// Records of the kernel's, of any type and in any order: what comes out are whole lines, each of a domain that was made by the process
// that is followed.
void audit_records(const uint8_t* bytes, size_t size) {
  RecordFilter filter(1000);
  std::string out;
  int64_t now = 0;
  bool followed = false;
  bool made = false;
  auto lines = words_of(bytes, size);
  if (lines.size() > 500) lines.resize(500);
  for (const std::string& line : lines) {
    if (line.empty()) {
      followed = true;
      filter.follow(300);
      continue;
    }
    uint16_t type = line[0] == 'a' ? audit_landlock_access : line[0] == 'd' ? audit_landlock_domain : audit_syscall;
    std::string_view message = std::string_view(line).substr(1);
    if (auto text = audit_text(message)) {
      auto maker = domain_maker(text->rest);
      made = made || (type == audit_landlock_domain && maker && maker->process == 300 && maker->user == 1000);
    }
    filter.take(type, message, now += 30, out);
    require(filter.waiting() <= 256, "what waits is bounded");
  }
  filter.settle(now + 1000, out);
  require(filter.waiting() == 0, "nothing waits for ever");
  require(out.empty() || (followed && made), "only what the followed process's domains refused");
  while (!out.empty()) {
    size_t end = out.find('\n');
    require(end != std::string::npos, "lines are whole");
    auto one = parse_refused_line(std::string_view(out).substr(0, end));
    require(one.has_value(), "each line is read");
    require(refused_line(*one) == out.substr(0, end + 1), "as it was written");
    const char* kind = refused_kind(one->blockers);
    require(kind == nullptr || std::string_view(kind).starts_with("file."), "a file's");
    require(!refused_target(*one).empty(), "and names it");
    out.erase(0, end + 1);
  }
  parse_refused_line(text_of(bytes, size));
}

// Events, whatever stands in them: lines of JSON, each occurrence counted once.
void spool(const uint8_t* bytes, size_t size) {
  int ends[2];
  if (size < 1 || socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return;
  int room = 4 << 20;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  uint64_t refusals = 0;
  uint64_t seen = 0;
  uint64_t told = 0;
  auto read_lines = [&ends, &told]() {
    static std::string line(65'536, '\0');
    ssize_t n = 0;
    while ((n = recv(ends[1], line.data(), line.size(), MSG_DONTWAIT)) > 0) {
      std::string_view one(line.data(), static_cast<size_t>(n));
      require(one.ends_with("}\n") && is_json(one.substr(0, one.size() - 1)), "an event is a line of JSON");
      size_t at = one.rfind("\"count\":");
      require(at != std::string_view::npos, "an event has a count");
      told += strtoull(one.data() + at + 8, nullptr, 10);
    }
  };
  Shared shared;
  {
    Spool out(ends[0], (8 + bytes[0] % 32) * 8192, "20200101t000000-abcdefgh", "a.b", &shared);
    auto words = words_of(bytes + 1, size - 1);
    if (words.size() > 1500) words.resize(1500);
    seen = words.size();
    for (const std::string& word : words) {
      Observation one;
      one.kind = word.size() % 2 == 0 ? "file.read" : "net.connect";
      one.target = word.size() > 3 && word[0] == 'R' ? std::string(static_cast<unsigned char>(word[1]) * 64u, word[2]) + word : word;
      one.refused = word.size() % 3 != 0;
      refusals += one.refused;
      out.observe(std::move(one), [](int) { return std::string("/usr/bin/\xFF\n\"program"); });
      read_lines();
    }
    out.flush(true);
    read_lines();
  }
  require(shared.denials.load() == refusals, "each refusal is counted");
  require(told == seen, "counts of all lines are all occurrences");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace fuzz
