// The plan: what the launcher is told to enforce. docs/plan-format.md is the form; this parser is strict and bounded, and
// every deviation is an error with a line number, because a plan that is not understood must not start anything.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pattern.hpp"
#include "socket-place.hpp"

namespace belljar {

constexpr int plan_version = 3;
constexpr int plan_oldest_version = 2;
// The end of the error for a version that is not known yet.
constexpr std::string_view newer_plan = "written by a newer Belljar";
constexpr size_t plan_max_bytes = 1 << 20;
constexpr size_t plan_max_lines = 4096;
constexpr size_t plan_max_line = 8192;
constexpr size_t plan_max_areas = 64;
constexpr size_t plan_max_patterns = 256;  // of each kind

enum class Level { watch, standard, strict };
enum class Network { none, hosts, open };
// `own` is the run's private folder; no plan names it.
enum class Access { read, exec, write, own };

struct Place {
  enum class Kind { path, argument, cwd, runtime, variable };
  Kind kind = Kind::path;
  std::string path;     // Kind::path; Kind::variable: its name
  uint32_t index = 0;   // Kind::argument
  uint32_t offset = 0;  // Kind::argument: bytes to skip
  std::string text;     // as written, for messages
};

// `area`: opened and changed by the supervisor, so that patterns count in it.
struct AccessRule {
  Access access = Access::read;
  Place place;
  bool area = false;
};

struct Variable {
  std::string name;
  std::string value;
};

struct Limit {
  std::string name;
  uint64_t value = 0;
};

// Inclusive.
struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
};

// A host that may be reached. `pattern` is a lower-case name, `*.` and a name, an address, or `address/length`; its parts are
// taken apart by whoever enforces it.
struct HostRule {
  std::string pattern;
  std::vector<PortRange> ports;
  bool checked = true;  // the name inside the connection (TLS, HTTP) must fit too
};

// What is started in place of the first words of the entry's own command line, which must be exactly `instead`.
struct Pinned {
  std::string program;
  std::vector<std::string> args;
  std::vector<std::string> instead;
};

// A folder whose content must be what it was: hex SHA-256 of its listing.
struct SealedTree {
  std::string folder;
  std::string digest;
};

// A value kept outside of config files, given to this server alone.
struct Secret {
  std::string name;
  bool file = false;  // as a file named by the variable, else as the variable's value
  std::string path;
};

struct Plan {
  int version = 0;
  std::string server;
  Level level = Level::strict;
  Network network = Network::none;
  bool record_all = false;
  bool files_unseen = false;       // record without-files: calls on files are the kernel's alone
  std::string spool;
  uint64_t spool_limit = 0;
  std::string home;
  std::vector<std::string> refuse;
  std::vector<AccessRule> rules;
  Patterns patterns;
  std::vector<std::vector<SocketPlace>> sockets;  // each one: the places it may be at
  std::vector<uint16_t> local_ports;
  std::vector<uint16_t> listen_ports;
  std::vector<HostRule> hosts;
  std::vector<std::string> links;  // hosts whose https links are opened without a question
  bool nested_sandbox = false;     // permission nested-sandbox
  bool datagrams = false;          // permission datagrams
  bool ask_links = false;          // permission ask-links
  bool ask_access = false;         // permission ask-access
  bool loopback_listener = false;  // permission loopback-listener
  Pinned pinned;                   // program is empty when there is none
  std::vector<SealedTree> trees;
  std::vector<Secret> secrets;
  std::vector<std::string> env;
  std::vector<Variable> set;
  std::vector<Limit> limits;
};

const char* level_name(Level level);
const char* network_name(Network network);

// Returns true and fills `plan`, or false and a sentence in `error`.
bool parse_plan(std::string_view bytes, Plan& plan, std::string& error);

// The hosts alone, as the network process is told of new ones.
std::string format_hosts(const std::vector<HostRule>& hosts);
bool parse_hosts(std::string_view text, std::vector<HostRule>& hosts);

// Puts what the plan starts in place of the first words of `command`, and moves the plan's `arg:N` along: they name words of
// the client's own command line. A word that was replaced names nothing any more. False when the first words are others.
bool take_pinned(Plan& plan, std::vector<std::string>& command);

}  // namespace belljar
