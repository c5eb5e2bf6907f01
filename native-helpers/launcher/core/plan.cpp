#include "plan.hpp"

#include <algorithm>

#include "text.hpp"

namespace belljar {

const char* level_name(Level level) {
  switch (level) {
    case Level::watch:
      return "watch";
    case Level::standard:
      return "standard";
    case Level::strict:
      return "strict";
  }
  return "strict";
}

const char* network_name(Network network) {
  switch (network) {
    case Network::none:
      return "none";
    case Network::hosts:
      return "hosts";
    case Network::open:
      return "open";
  }
  return "none";
}

namespace {

bool absolute_path(std::string_view field, std::string& out) {
  auto decoded = percent_decode(field);
  if (!decoded || decoded->empty() || (*decoded)[0] != '/' || decoded->size() > 4095) return false;
  // A plan holds normal paths only, so that comparing them means something.
  if (lexical_path("/", *decoded) != *decoded) return false;
  out = std::move(*decoded);
  return true;
}

bool valid_env_name(std::string_view name, bool pattern);

// `env:NAME` is a file that a variable of the client names; to read, and only there.
bool parse_place(std::string_view field, Access access, bool newest, Place& place) {
  place.text = std::string(field);
  if (field == "cwd") {
    place.kind = Place::Kind::cwd;
    return true;
  }
  if (field == "runtime") {
    place.kind = Place::Kind::runtime;
    return access == Access::exec;
  }
  if (newest && access == Access::read && field.substr(0, 4) == "env:") {
    place.kind = Place::Kind::variable;
    place.path = std::string(field.substr(4));
    return valid_env_name(place.path, false);
  }
  if (field.substr(0, 4) == "arg:") {
    place.kind = Place::Kind::argument;
    auto parts = split(field.substr(4), '+');
    if (parts.size() > 2) return false;
    auto index = parse_number(parts[0], 4095);
    auto offset = parts.size() == 2 ? parse_number(parts[1], 4095) : std::optional<uint64_t>(0);
    if (!index || !offset || (parts.size() == 2 && *offset == 0)) return false;
    place.index = static_cast<uint32_t>(*index);
    place.offset = static_cast<uint32_t>(*offset);
    return true;
  }
  place.kind = Place::Kind::path;
  return absolute_path(field, place.path);
}

bool valid_env_name(std::string_view name, bool pattern) {
  if (pattern && name == "*") return true;
  if (pattern && !name.empty() && name.back() == '*') name.remove_suffix(1);
  if (name.empty() || name.size() > 255 || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

// Lower-case names of DNS labels, `*.` before one, addresses, and addresses with a prefix length. Whether an address is one is
// for the rule's user to find out; here only what a pattern may be made of.
bool valid_host_pattern(std::string_view text) {
  if (text.substr(0, 2) == "*.") text.remove_prefix(2);
  if (text.empty() || text.size() > 253 || text[0] == '.' || text.back() == '.') return false;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':' || c == '/';
    if (!plain) return false;
  }
  return text.find("..") == std::string_view::npos;
}

// `443`, `80,443`, `8000-8010`, or `*` for every port.
bool parse_ports(std::string_view text, std::vector<PortRange>& out) {
  if (text == "*") {
    out.push_back({1, 65'535});
    return true;
  }
  for (std::string_view part : split(text, ',')) {
    size_t dash = part.find('-');
    auto first = parse_number(part.substr(0, dash), 65'535);
    auto last = dash == std::string_view::npos ? first : parse_number(part.substr(dash + 1), 65'535);
    if (!first || !last || *first == 0 || *last < *first || out.size() >= 64) return false;
    out.push_back({static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)});
  }
  return true;
}

bool valid_digest(std::string_view text) {
  if (text.size() != 64) return false;
  for (char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

// One flag for each key that stands exactly once.
struct Seen {
  bool start = false;
  bool server = false, level = false, network = false, record = false, spool = false, spool_limit = false, home = false;
};

bool once(bool& seen, const char* key, std::string& error) {
  if (seen) {
    error = std::string(key) + " stands twice";
    return false;
  }
  seen = true;
  return true;
}

bool parse_line(const std::vector<std::string_view>& fields, Plan& plan, Seen& seen, std::string& error) {
  std::string_view key = fields[0];
  bool newest = plan.version >= 3;
  size_t values = fields.size() - 1;
  auto wrong = [&error, key](const char* what) {
    error = std::string(key) + ": " + what;
    return false;
  };
  bool three = newest && (key == "host" || key == "secret");
  bool two = key == "set" || key == "limit" || (newest && (key == "tree" || key == "area" || key == "except"));
  bool several = newest && key == "socket" && values >= 1 && values <= socket_places_max;
  if (!several && values != (three ? 3u : two ? 2u : 1u)) return wrong("wrong number of fields");
  std::string_view value = fields[1];
  if (key == "server") {
    if (!once(seen.server, "server", error)) return false;
    if (!valid_server_id(value)) return wrong("not a server id");
    plan.server = std::string(value);
    return true;
  }
  if (key == "level") {
    if (!once(seen.level, "level", error)) return false;
    if (value == "watch") plan.level = Level::watch;
    else if (value == "standard") plan.level = Level::standard;
    else if (value == "strict") plan.level = Level::strict;
    else return wrong("unknown level");
    return true;
  }
  if (key == "network") {
    if (!once(seen.network, "network", error)) return false;
    if (value == "none") plan.network = Network::none;
    else if (value == "open") plan.network = Network::open;
    else if (newest && value == "hosts") plan.network = Network::hosts;
    else return wrong("unknown value");
    return true;
  }
  if (key == "record") {
    if (!once(seen.record, "record", error)) return false;
    if (value != "denials" && value != "all" && !(newest && value == "without-files")) return wrong("unknown value");
    plan.record_all = value == "all";
    plan.files_unseen = value == "without-files";
    return true;
  }
  if (key == "spool") {
    if (!once(seen.spool, "spool", error)) return false;
    return absolute_path(value, plan.spool) || wrong("not an absolute path");
  }
  if (key == "spool-limit") {
    if (!once(seen.spool_limit, "spool-limit", error)) return false;
    auto number = parse_number(value, 67'108'864);
    if (!number || *number < 65'536) return wrong("out of bounds");
    plan.spool_limit = *number;
    return true;
  }
  if (key == "home") {
    if (!once(seen.home, "home", error)) return false;
    return absolute_path(value, plan.home) || wrong("not an absolute path");
  }
  if (key == "refuse") {
    std::string path;
    if (!absolute_path(value, path)) return wrong("not an absolute path");
    plan.refuse.push_back(std::move(path));
    return true;
  }
  if (key == "read" || key == "exec" || key == "write") {
    AccessRule rule;
    rule.access = key == "read" ? Access::read : key == "exec" ? Access::exec : Access::write;
    if (!parse_place(value, rule.access, newest, rule.place)) return wrong("not a place");
    plan.rules.push_back(std::move(rule));
    return true;
  }
  if (key == "area" && newest) {
    AccessRule rule;
    rule.area = true;
    if (value != "read" && value != "write") return wrong("neither read nor write");
    rule.access = value == "read" ? Access::read : Access::write;
    if (!parse_place(fields[2], rule.access, newest, rule.place)) return wrong("not a place");
    if (std::count_if(plan.rules.begin(), plan.rules.end(), [](const AccessRule& one) { return one.area; }) >= static_cast<ptrdiff_t>(plan_max_areas)) {
      return wrong("too many");
    }
    plan.rules.push_back(std::move(rule));
    return true;
  }
  if ((key == "deny" || key == "protect" || key == "protect-old" || key == "except") && newest) {
    bool exception = key == "except";
    if (exception && value != "read" && value != "write") return wrong("neither read nor write");
    auto decoded = percent_decode(exception ? fields[2] : value);
    auto pattern = decoded ? parse_pattern(*decoded) : std::nullopt;
    if (!pattern) return wrong("not a pattern");
    if (key == "protect-old") {
      if (pattern->segments.size() < 2) return wrong("not a pattern of several names");
      pattern->old = true;
    }
    Patterns& all = plan.patterns;
    size_t count = exception ? all.except.size() : key == "deny" ? all.deny.size() : all.protect.size();
    if (count >= plan_max_patterns) return wrong("too many");
    if (exception) all.except.push_back({std::move(*pattern), value == "write"});
    else (key == "deny" ? all.deny : all.protect).push_back(std::move(*pattern));
    return true;
  }
  if (key == "socket") {
    std::vector<SocketPlace> places;
    for (size_t i = 1; i < fields.size(); i++) {
      auto place = parse_socket_place(fields[i], !newest);
      if (!place) return wrong("not a socket");
      places.push_back(std::move(*place));
    }
    plan.sockets.push_back(std::move(places));
    return true;
  }
  if ((key == "local" || key == "listen")) {
    auto port = parse_number(value, 65'535);
    if (!port || (key == "local" && *port == 0)) return wrong("not a port");
    (key == "local" ? plan.local_ports : plan.listen_ports).push_back(static_cast<uint16_t>(*port));
    return true;
  }
  if (key == "host" && newest) {
    HostRule rule;
    rule.pattern = std::string(value);
    if (!valid_host_pattern(value)) return wrong("not a host");
    if (!parse_ports(fields[2], rule.ports)) return wrong("not ports");
    if (fields[3] != "checked" && fields[3] != "unchecked") return wrong("neither checked nor unchecked");
    rule.checked = fields[3] == "checked";
    plan.hosts.push_back(std::move(rule));
    return true;
  }
  if (key == "link" && newest) {
    if (!valid_host_pattern(value)) return wrong("not a host");
    plan.links.emplace_back(value);
    return true;
  }
  if (key == "permission" && newest) {
    bool* flag = value == "nested-sandbox"      ? &plan.nested_sandbox
                 : value == "datagrams"         ? &plan.datagrams
                 : value == "ask-links"         ? &plan.ask_links
                 : value == "ask-access"        ? &plan.ask_access
                 : value == "loopback-listener" ? &plan.loopback_listener
                                                : nullptr;
    if (flag == nullptr) return wrong("unknown permission");
    return once(*flag, "permission", error);
  }
  if (key == "start" && newest) {
    if (!once(seen.start, "start", error)) return false;
    return absolute_path(value, plan.pinned.program) || wrong("not an absolute path");
  }
  if ((key == "start-arg" || key == "start-for") && newest) {
    auto decoded = percent_decode(value);
    if (!decoded) return wrong("not an argument");
    (key == "start-arg" ? plan.pinned.args : plan.pinned.instead).push_back(std::move(*decoded));
    return true;
  }
  if (key == "tree" && newest) {
    SealedTree tree;
    if (!absolute_path(value, tree.folder)) return wrong("not an absolute path");
    if (!valid_digest(fields[2])) return wrong("not a digest");
    tree.digest = std::string(fields[2]);
    plan.trees.push_back(std::move(tree));
    return true;
  }
  if (key == "secret" && newest) {
    Secret secret;
    if (!valid_env_name(value, false)) return wrong("not a variable name");
    if (fields[2] != "variable" && fields[2] != "file") return wrong("neither variable nor file");
    if (!absolute_path(fields[3], secret.path)) return wrong("not an absolute path");
    secret.name = std::string(value);
    secret.file = fields[2] == "file";
    plan.secrets.push_back(std::move(secret));
    return true;
  }
  if (key == "env") {
    if (!valid_env_name(value, true)) return wrong("not a variable name");
    plan.env.emplace_back(value);
    return true;
  }
  if (key == "set") {
    auto decoded = percent_decode(fields[2]);
    if (!valid_env_name(value, false) || !decoded) return wrong("not a variable");
    plan.set.push_back({std::string(value), std::move(*decoded)});
    return true;
  }
  if (key == "limit") {
    auto number = parse_number(fields[2], UINT64_MAX / 2);
    // The version before has the kernel's own words.
    static constexpr struct {
      const char* name;
      const char* before;
    } names[] = {{"memory", "memory"}, {"processes", "nproc"}, {"open-files", "nofile"}, {"file-size", "fsize"}, {"cpu-time", "cpu"}};
    const char* name = nullptr;
    for (const auto& one : names) {
      if (value == (newest ? one.name : one.before)) name = one.name;
    }
    if (name == nullptr || !number || *number == 0) return wrong("unknown limit or value");
    for (const Limit& limit : plan.limits) {
      if (limit.name == name) return wrong("stands twice");
    }
    plan.limits.push_back({name, *number});
    return true;
  }
  return wrong("unknown key");
}

}  // namespace

bool parse_plan(std::string_view bytes, Plan& plan, std::string& error) {
  plan = Plan{};
  if (bytes.size() > plan_max_bytes) {
    error = "larger than 1 MiB";
    return false;
  }
  if (bytes.empty() || bytes.back() != '\n') {
    error = "does not end with a line end";
    return false;
  }
  bytes.remove_suffix(1);
  Seen seen;
  size_t number = 0;
  bool ended = false;
  for (std::string_view line : split(bytes, '\n')) {
    number++;
    auto fail = [&error, number](const std::string& what) {
      error = "line " + std::to_string(number) + ": " + what;
      return false;
    };
    if (number > plan_max_lines) return fail("too many lines");
    if (line.empty() || line.size() > plan_max_line) return fail("empty or too long");
    if (ended) return fail("something follows end");
    for (char c : line) {
      unsigned char byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7F) return fail("a control character");
    }
    auto fields = split(line, ' ');
    for (std::string_view field : fields) {
      if (field.empty()) return fail("an empty field");
    }
    if (number == 1) {
      if (fields.size() != 2 || fields[0] != "belljar-plan") return fail("not a plan");
      auto version = parse_number(fields[1], 1'000'000);
      if (!version || *version < plan_oldest_version) return fail("unknown version");
      if (*version > plan_version) return fail(std::string(newer_plan));
      plan.version = static_cast<int>(*version);
      continue;
    }
    if (line == "end") {
      ended = true;
      continue;
    }
    std::string what;
    if (!parse_line(fields, plan, seen, what)) return fail(what);
  }
  if (!ended) {
    error = "cut short: no end line";
    return false;
  }
  bool complete = seen.server && seen.level && seen.network && seen.record && seen.spool && seen.spool_limit && seen.home;
  if (!complete) {
    error = "a key is missing";
    return false;
  }
  bool pinned = !plan.pinned.program.empty();
  if (pinned != !plan.pinned.instead.empty() || (!pinned && !plan.pinned.args.empty())) {
    error = "start and start-for stand together";
    return false;
  }
  // What needs the supervisor's eye on every open: areas, questions, a browser's own sandbox, and the files that names are looked up by.
  bool areas = std::any_of(plan.rules.begin(), plan.rules.end(), [](const AccessRule& rule) { return rule.area; });
  if (plan.files_unseen && (plan.level == Level::watch || plan.network != Network::none || areas || plan.ask_access || plan.nested_sandbox)) {
    error = "record without-files cannot stand with watch, a network, areas, ask-access or nested-sandbox";
    return false;
  }
  return true;
}

std::string format_hosts(const std::vector<HostRule>& hosts) {
  std::string out;
  for (const HostRule& host : hosts) {
    out += "host " + host.pattern + " ";
    for (size_t i = 0; i < host.ports.size(); i++) {
      if (i > 0) out += ",";
      out += std::to_string(host.ports[i].first) + "-" + std::to_string(host.ports[i].last);
    }
    out += host.checked ? " checked\n" : " unchecked\n";
  }
  return out;
}

bool parse_hosts(std::string_view text, std::vector<HostRule>& hosts) {
  Plan plan;
  std::string error;
  constexpr std::string_view head = "belljar-plan 3\nserver a\nlevel strict\nnetwork hosts\nrecord denials\nspool /s\nspool-limit 65536\nhome /h\n";
  if (!parse_plan(std::string(head) + std::string(text) + "end\n", plan, error)) return false;
  hosts = std::move(plan.hosts);
  return true;
}

bool take_pinned(Plan& plan, std::vector<std::string>& command) {
  const Pinned& pinned = plan.pinned;
  if (pinned.program.empty()) return true;
  size_t replaced = pinned.instead.size();
  if (command.size() < replaced || !std::equal(pinned.instead.begin(), pinned.instead.end(), command.begin())) return false;
  std::vector<std::string> started{pinned.program};
  started.insert(started.end(), pinned.args.begin(), pinned.args.end());
  for (AccessRule& rule : plan.rules) {
    if (rule.place.kind != Place::Kind::argument) continue;
    // Argument N is word N + 1 of the command line.
    size_t word = rule.place.index + size_t{1};
    rule.place.index = word < replaced ? UINT32_MAX : static_cast<uint32_t>(word - replaced + started.size() - 1);
  }
  started.insert(started.end(), command.begin() + static_cast<ptrdiff_t>(replaced), command.end());
  command = std::move(started);
  return true;
}

}  // namespace belljar
