#include "audit-record.hpp"

#include <algorithm>

#include "text.hpp"

namespace belljar {

namespace {

constexpr size_t audit_string_max = 4096;
constexpr size_t blockers_max = 256;
constexpr size_t domain_max = 32;
constexpr size_t record_domains_max = 64;
constexpr size_t records_waiting_max = 256;
// A SYSCALL record follows at the end of the same call; a call that blocks after its refusal is none of files.
constexpr int64_t settle_ms = 100;
constexpr uint64_t errno_max = 4095;
constexpr uint64_t process_max = 1ULL << 31;
constexpr uint64_t user_max = (1ULL << 32) - 1;

int audit_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::string> from_audit_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0 || text.size() > 2 * audit_string_max) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = audit_digit(text[i]);
    int low = audit_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

bool made_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos; });
}

bool valid_blockers(std::string_view text) { return !text.empty() && text.size() <= blockers_max && made_of(text, "_.,"); }

bool has_blocker(std::string_view blockers, std::string_view start) {
  for (std::string_view one : split(blockers, ',')) {
    if (one.starts_with(start)) return true;
  }
  return false;
}

}  // namespace

std::optional<AuditText> audit_text(std::string_view message) {
  constexpr std::string_view start = "audit(";
  if (!message.starts_with(start)) return std::nullopt;
  size_t end = message.find("): ");
  if (end == std::string_view::npos || end > 64) return std::nullopt;
  std::string_view stamp = message.substr(start.size(), end - start.size());
  size_t colon = stamp.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::optional<uint64_t> serial = parse_number(stamp.substr(colon + 1), UINT64_MAX / 16);
  if (!serial) return std::nullopt;
  return AuditText{*serial, message.substr(end + 3)};
}

std::optional<std::string_view> audit_field(std::string_view rest, std::string_view name) {
  for (std::string_view one : split(rest, ' ')) {
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') return one.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::optional<std::string> audit_string(std::string_view written) {
  if (written.size() < 2 || written.front() != '"') return from_audit_hex(written);
  if (written.back() != '"' || written.size() == 2 || written.size() > audit_string_max + 2) return std::nullopt;
  return std::string(written.substr(1, written.size() - 2));
}

std::optional<DomainMaker> domain_maker(std::string_view rest) {
  auto domain = audit_field(rest, "domain");
  auto process = parse_number(audit_field(rest, "pid").value_or(""), process_max);
  auto user = parse_number(audit_field(rest, "uid").value_or(""), user_max);
  if (!domain || domain->empty() || domain->size() > domain_max || !made_of(*domain, "") || audit_field(rest, "status") != "allocated" || !process || !user) return std::nullopt;
  return DomainMaker{std::string(*domain), *process, *user};
}

std::string refused_line(const RefusedFile& one) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out = std::to_string(one.process) + " " + std::to_string(one.error) + " " + one.blockers + " ";
  for (char c : one.path) {
    auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte / 16]);
    out.push_back(digits[byte % 16]);
  }
  out.push_back('\n');
  return out;
}

std::optional<RefusedFile> parse_refused_line(std::string_view line) {
  if (line.size() > refused_line_max) return std::nullopt;
  auto words = split(line, ' ');
  if (words.size() != 4) return std::nullopt;
  auto process = parse_number(words[0], process_max);
  auto error = parse_number(words[1], errno_max);
  auto path = from_audit_hex(words[3]);
  if (!process || !error || !valid_blockers(words[2]) || !path) return std::nullopt;
  return RefusedFile{*process, *error, std::string(words[2]), *path};
}

const char* refused_kind(std::string_view blockers) {
  // Executions come to the supervisor also where files do not.
  if (has_blocker(blockers, "fs.execute")) return nullptr;
  if (has_blocker(blockers, "fs.refer")) return "file.rename";
  if (has_blocker(blockers, "fs.make_")) return "file.create";
  if (has_blocker(blockers, "fs.remove_")) return "file.delete";
  for (std::string_view one : {"fs.write_file", "fs.truncate", "fs.ioctl_dev"}) {
    if (has_blocker(blockers, one)) return "file.write";
  }
  return has_blocker(blockers, "fs.read_") ? "file.read" : nullptr;
}

std::string refused_target(const RefusedFile& one) {
  bool inside = has_blocker(one.blockers, "fs.refer") || has_blocker(one.blockers, "fs.make_") || has_blocker(one.blockers, "fs.remove_");
  return inside && one.path.back() != '/' ? one.path + "/" : one.path;
}

void RecordFilter::follow(uint64_t maker) {
  if (maker_ != 0) return;
  maker_ = maker;
  for (const DomainMaker& one : others_) {
    if (one.process == maker_) domains_.push_back(one.domain);
  }
  others_.clear();
}

void RecordFilter::tell(const Waiting& one, std::string& out) const {
  if (std::find(domains_.begin(), domains_.end(), one.domain) != domains_.end()) out += refused_line(one.refused);
}

void RecordFilter::take(uint16_t type, std::string_view message, int64_t now_ms, std::string& out) {
  settle(now_ms, out);
  std::optional<AuditText> text = audit_text(message);
  if (!text) return;
  if (type == audit_landlock_domain) {
    std::optional<DomainMaker> made = domain_maker(text->rest);
    if (!made || made->user != user_) return;
    if (maker_ == 0) {
      others_.push_back(std::move(*made));
      if (others_.size() > record_domains_max) others_.pop_front();
    } else if (made->process == maker_) {
      domains_.push_back(std::move(made->domain));
      if (domains_.size() > record_domains_max) domains_.pop_front();
    }
  } else if (type == audit_landlock_access) {
    auto domain = audit_field(text->rest, "domain");
    auto blockers = audit_field(text->rest, "blockers");
    auto path = audit_string(audit_field(text->rest, "path").value_or(""));
    if (!domain || domain->size() > domain_max || !blockers || !valid_blockers(*blockers) || !has_blocker(*blockers, "fs.") || !path) return;
    waiting_.push_back({text->serial, std::string(*domain), now_ms, {0, 0, std::string(*blockers), std::move(*path)}});
    if (waiting_.size() > records_waiting_max) {
      tell(waiting_.front(), out);
      waiting_.pop_front();
    }
  } else if (type == audit_syscall) {
    auto process = parse_number(audit_field(text->rest, "pid").value_or(""), process_max);
    std::string_view result = audit_field(text->rest, "exit").value_or("");
    auto error = result.starts_with('-') ? parse_number(result.substr(1), errno_max) : std::nullopt;
    for (auto one = waiting_.begin(); one != waiting_.end();) {
      if (one->serial != text->serial) {
        ++one;
        continue;
      }
      one->refused.process = process.value_or(0);
      one->refused.error = error.value_or(0);
      tell(*one, out);
      one = waiting_.erase(one);
    }
  }
}

void RecordFilter::settle(int64_t now_ms, std::string& out) {
  while (!waiting_.empty() && now_ms - waiting_.front().since >= settle_ms) {
    tell(waiting_.front(), out);
    waiting_.pop_front();
  }
}

}  // namespace belljar
