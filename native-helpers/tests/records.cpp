#include "../launcher/core/audit-record.hpp"

#include "check.hpp"

using namespace belljar;

namespace {

constexpr const char* access_line = R"(audit(1729738800.268:30): domain=195ba459b blockers=fs.read_file path="/srv/secret" dev="vda2" ino=351)";
constexpr const char* domain_line =
    R"(audit(1729738800.268:30): domain=195ba459b status=allocated mode=enforcing pid=300 uid=1000 exe="/usr/bin/x" comm="x")";
constexpr const char* call_line = R"(audit(1729738800.268:30): arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c ppid=1 pid=301 auid=0 uid=1000 comm="x" exe="/usr/bin/x")";

std::string told(RecordFilter& filter, std::initializer_list<std::pair<uint16_t, std::string>> records, int64_t at = 0) {
  std::string out;
  for (const auto& [type, text] : records) filter.take(type, text, at, out);
  return out;
}

void test_fields() {
  check::equal(audit_text(access_line)->serial, 30U, "a record has a serial number");
  for (const char* wrong : {"", "audit(", "audit(1.0:30):x", "audit(1.0:x): y", "audit(1.0): y", "Audit(1.0:30): y"}) check::that(!audit_text(wrong), wrong);
  std::string_view rest = audit_text(access_line)->rest;
  check::equal(*audit_field(rest, "blockers"), "fs.read_file", "a field by its name");
  check::that(!audit_field(rest, "lockers") && !audit_field(rest, "pid"), "by its whole name");
  check::equal(*audit_string("\"/srv/a\""), "/srv/a", "a quoted text");
  check::equal(*audit_string("2F612022C3BC0A"), "/a \"\xC3\xBC\n", "a text in hexadecimal");
  for (const char* wrong : {"", "\"", "\"\"", "\"x", "2f", "2F6", "(null)", "<too_long>"}) check::that(!audit_string(wrong), wrong);
  auto maker = domain_maker(audit_text(domain_line)->rest);
  check::that(maker && maker->domain == "195ba459b" && maker->process == 300 && maker->user == 1000, "who made a domain");
  check::that(!domain_maker("domain=195ba459b status=deallocated denials=3"), "not one that ends");
  check::that(!domain_maker("domain=195ba459b status=allocated mode=enforcing pid=300 uid=-1"), "not one of nobody");
}

void test_lines() {
  RefusedFile one{301, 13, "fs.make_reg,fs.refer", "/srv/\n \"\xFF"};
  auto again = parse_refused_line(refused_line(one).substr(0, refused_line(one).size() - 1));
  check::that(again && again->process == 301 && again->error == 13 && again->blockers == one.blockers && again->path == one.path, "a line is read as it was written");
  for (const char* wrong : {"", "lost", "1 13 fs.read_file", "1 13 fs.read_file 2f", "1 99999 fs.read_file 2F", "-1 13 fs.read_file 2F", "1 13 FS 2F", "1 13 fs.read_file 2F x", "1 13  2F"}) {
    check::that(!parse_refused_line(wrong), wrong);
  }
  static constexpr struct {
    const char* blockers;
    const char* kind;
    const char* target;
  } cases[] = {
      {"fs.read_file", "file.read", "/srv/x"},
      {"fs.read_dir", "file.read", "/srv/x"},
      {"fs.read_file,fs.write_file", "file.write", "/srv/x"},
      {"fs.truncate", "file.write", "/srv/x"},
      {"fs.ioctl_dev", "file.write", "/srv/x"},
      {"fs.make_reg", "file.create", "/srv/x/"},
      {"fs.remove_dir", "file.delete", "/srv/x/"},
      {"fs.remove_file,fs.refer", "file.rename", "/srv/x/"},
      {"fs.execute", nullptr, "/srv/x"},
      {"fs.execute,fs.read_file", nullptr, "/srv/x"},
      {"scope.signal", nullptr, "/srv/x"},
  };
  for (const auto& one_case : cases) {
    const char* kind = refused_kind(one_case.blockers);
    check::that(one_case.kind == nullptr ? kind == nullptr : kind != nullptr && std::string_view(kind) == one_case.kind, one_case.blockers);
    check::equal(refused_target({0, 0, one_case.blockers, "/srv/x"}), one_case.target, one_case.blockers);
  }
}

void test_filter() {
  const std::string line = "301 13 fs.read_file 2F7372762F736563726574\n";
  RecordFilter filter(1000);
  filter.follow(300);
  check::equal(told(filter, {{audit_landlock_access, access_line}, {audit_landlock_domain, domain_line}}), "", "a refusal waits for its call");
  check::equal(told(filter, {{audit_syscall, call_line}}), line, "and is told with it");
  check::equal(told(filter, {{audit_landlock_access, access_line}, {audit_syscall, call_line}}), line, "the domain is named once");
  std::string out;
  filter.take(audit_landlock_access, access_line, 0, out);
  filter.settle(99, out);
  check::equal(out, "", "it waits a moment");
  filter.settle(100, out);
  check::equal(out, "0 0 fs.read_file 2F7372762F736563726574\n", "and is told without its call where there is none");

  RecordFilter early(1000);
  told(early, {{audit_landlock_domain, domain_line}});
  early.follow(300);
  check::equal(told(early, {{audit_landlock_access, access_line}, {audit_syscall, call_line}}), line, "a domain may be named before its process is followed");
  early.follow(7);
  check::equal(told(early, {{audit_landlock_access, access_line}, {audit_syscall, call_line}}), line, "one process, once");

  RecordFilter stranger(1001);
  stranger.follow(300);
  check::equal(told(stranger, {{audit_landlock_access, access_line}, {audit_landlock_domain, domain_line}, {audit_syscall, call_line}}), "", "nothing of another user's");
  RecordFilter other(1000);
  other.follow(301);
  check::equal(told(other, {{audit_landlock_access, access_line}, {audit_landlock_domain, domain_line}, {audit_syscall, call_line}}), "", "nothing of another run's");
  RecordFilter nobody(1000);
  check::equal(told(nobody, {{audit_landlock_access, access_line}, {audit_landlock_domain, domain_line}, {audit_syscall, call_line}}), "", "nothing while nobody is followed");
  check::equal(told(filter, {{audit_landlock_access, R"(audit(1.0:31): domain=195ba459b blockers=net.connect_tcp daddr=127.0.0.1 dest=80)"}, {audit_syscall, "audit(1.0:31): pid=1 exit=-13"}}), "",
               "nothing that is no file");
  for (int i = 0; i < 1000; i++) told(other, {{audit_landlock_access, access_line}});
  check::that(other.waiting() <= 256, "what waits is bounded");
}

}  // namespace

void test_records() {
  test_fields();
  test_lines();
  test_filter();
}
