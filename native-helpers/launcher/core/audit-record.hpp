// What the kernel's audit records say of accesses to files that Landlock refused (Linux 6.15, Documentation/admin-guide/LSM/landlock.rst):
// read by records/main.cpp, and passed on to the supervisor a line each.
//
// A refusal names the domain that refused; the first of each domain names the process that made it and its user; the SYSCALL record
// of the same serial number, where the kernel makes one, says who called and with what result.
//
// Trust: the records are the kernel's, what they quote (paths, names of programs) is anybody's. Audit writes in hexadecimal whatever holds
// a space, a quote or a byte that is no letter (audit_log_untrustedstring), so no such text makes a field of its own.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

// linux/audit.h; the last two have no name in the headers of older systems.
constexpr uint16_t audit_syscall = 1300, audit_landlock_access = 1423, audit_landlock_domain = 1424;

struct AuditText {
  uint64_t serial = 0;
  std::string_view rest;  // after the stamp
};
// `audit(1729738800.268:30): rest`
std::optional<AuditText> audit_text(std::string_view message);
// The first field of that name as it is written; nothing where there is none.
std::optional<std::string_view> audit_field(std::string_view rest, std::string_view name);
// What a quoted or hexadecimal field means; nothing where it is neither, is empty or too long.
std::optional<std::string> audit_string(std::string_view written);

// The process and the user that made the domain of a record of its first refusal.
struct DomainMaker {
  std::string domain;
  uint64_t process = 0;
  uint64_t user = 0;
};
std::optional<DomainMaker> domain_maker(std::string_view rest);

// One refused access, as it goes to the supervisor: `<process> <errno> <blockers> <path in hexadecimal>`, zeros where it is not known.
struct RefusedFile {
  uint64_t process = 0;
  uint64_t error = 0;
  std::string blockers;  // fs.read_file,fs.write_file ...
  std::string path;
};
constexpr size_t refused_line_max = 9000;
std::string refused_line(const RefusedFile& one);
std::optional<RefusedFile> parse_refused_line(std::string_view line);

// The event that tells of such a refusal, and its target; null where another event does (programs, the network, processes). Landlock
// names the folder in which a name was to be made or removed: such a target ends with a slash.
const char* refused_kind(std::string_view blockers);
std::string refused_target(const RefusedFile& one);

// Of all records those of one process's domains, whole as far as the kernel tells. Bounded: who waits too long goes as it is, and of
// too many the oldest.
class RecordFilter {
 public:
  explicit RecordFilter(uint64_t user) : user_(user) {}
  // The process whose domains are told of, once.
  void follow(uint64_t maker);
  // One record; what is ready is appended, a line each.
  void take(uint16_t type, std::string_view message, int64_t now_ms, std::string& out);
  // What waits for a SYSCALL record that is not coming.
  void settle(int64_t now_ms, std::string& out);
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    uint64_t serial;
    std::string domain;
    int64_t since;
    RefusedFile refused;
  };
  void tell(const Waiting& one, std::string& out) const;

  uint64_t user_;
  uint64_t maker_ = 0;
  std::deque<std::string> domains_;
  std::deque<DomainMaker> others_;  // of this user, while nobody is followed yet
  std::deque<Waiting> waiting_;
};

}  // namespace belljar
