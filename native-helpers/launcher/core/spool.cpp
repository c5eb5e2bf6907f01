#include "spool.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <unistd.h>

#include "text.hpp"

namespace belljar {

namespace {

constexpr double bucket_size = 400;
constexpr double bucket_per_second = 100;
constexpr uint64_t reserve_ordinary = 24'576;  // kept back for `spool.dropped` and `run.end`
constexpr uint64_t reserve_dropped = 16'384;   // kept back for `run.end` (at most 8 targets of 1 KiB, and its last `dropped`)
constexpr int64_t dropped_every = 5'000'000'000;
constexpr size_t near_max = 8;

std::string cut(std::string_view text, size_t max) {
  if (text.size() <= max) return std::string(text);
  // Not in the middle of a UTF-8 sequence.
  size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end--;
  return std::string(text.substr(0, end));
}

}  // namespace

int64_t now_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::string Spool::head(int64_t at, int64_t first_at, const char* kind) {
  std::string line = "{\"v\":1,\"seq\":";
  line += std::to_string(shared_->next_sequence.fetch_add(1));
  line += ",\"at\":\"" + iso_time(at) + "\",\"firstAt\":\"" + iso_time(first_at) + "\",\"run\":\"" + run_ +
          "\",\"server\":\"" + server_ + "\",\"kind\":\"" + kind + "\"";
  return line;
}

bool Spool::write_line(const std::string& line, uint64_t reserve) {
  uint64_t before = shared_->written.load();
  if (before + line.size() + reserve > limit_) return false;
  // One write a line: O_APPEND keeps lines of guardian and supervisor whole.
  ssize_t n = write(fd_, line.data(), line.size());
  if (n < 0) return false;
  shared_->written.fetch_add(static_cast<uint64_t>(n));
  if (static_cast<size_t>(n) != line.size()) {
    // A full disk took part of the line; end it so that the next one stands alone. Readers count the broken one.
    if (write(fd_, "\n", 1) == 1) shared_->written.fetch_add(1);
    return false;
  }
  return true;
}

void Spool::run_start(const std::string& detail, int pid, const std::string& program) {
  std::lock_guard lock(mutex_);
  int64_t now = now_nanoseconds();
  std::string line = head(now, now, "run.start") + ",\"target\":";
  append_json_string(line, cut(program, event_target_max));
  line += ",\"verdict\":\"allowed\",\"by\":\"broker\",\"count\":1,\"process\":{\"pid\":" + std::to_string(pid) + ",\"exe\":";
  append_json_string(line, cut(program, event_target_max));
  line += "},\"start\":" + detail + "}\n";
  write_line(line, reserve_ordinary);
}

void Spool::run_end(const std::string& detail, int pid, const std::string& program) {
  std::lock_guard lock(mutex_);
  int64_t now = now_nanoseconds();
  std::string line = head(now, now, "run.end") + ",\"target\":";
  append_json_string(line, cut(program, 1024));
  line += ",\"verdict\":\"allowed\",\"by\":\"broker\",\"count\":1,\"process\":{\"pid\":" + std::to_string(pid) + ",\"exe\":";
  append_json_string(line, cut(program, 1024));
  line += "},\"end\":" + detail + "}\n";
  write_line(line, 0);
}

void Spool::plan_change(bool refused, const std::string& detail, int pid, const std::string& program) {
  std::lock_guard lock(mutex_);
  int64_t now = now_nanoseconds();
  std::string line = head(now, now, "plan.change") + ",\"target\":";
  append_json_string(line, server_);
  line += std::string(",\"verdict\":\"") + (refused ? "refused" : "allowed") + "\",\"by\":\"broker\",\"count\":1,\"process\":{\"pid\":" +
          std::to_string(pid) + ",\"exe\":";
  append_json_string(line, cut(program, 1024));
  line += "},\"plan\":" + detail + "}\n";
  write_line(line, reserve_ordinary);
}

bool Spool::write_entry(Entry& entry) {
  const Observation& seen = entry.observation;
  std::string line = head(entry.last_at, entry.first_at, seen.kind) + ",\"target\":";
  std::string shown = cut(seen.target, event_target_max);
  bool valid = append_json_string(line, shown);
  size_t real = seen.real_bytes != 0 ? seen.real_bytes : seen.target.size();
  if (!valid || real != shown.size()) line += ",\"targetBytes\":" + std::to_string(real);
  line += std::string(",\"verdict\":\"") + (seen.refused ? "refused" : seen.asked ? "asked" : "allowed") + "\",\"by\":\"" + seen.by + "\"";
  if (seen.refused && seen.error != nullptr) line += std::string(",\"errno\":\"") + seen.error + "\"";
  line += ",\"count\":" + std::to_string(entry.pending) + ",\"process\":{\"pid\":" + std::to_string(seen.pid) + ",\"exe\":";
  append_json_string(line, cut(entry.exe, event_target_max));
  line += "}";
  if (!seen.address.empty()) line += ",\"address\":\"" + seen.address + "\"";
  if (seen.known != nullptr) line += std::string(",\"known\":\"") + seen.known + "\"";
  line += "}\n";
  if (!write_line(line, reserve_ordinary)) {
    (seen.refused ? dropped_refused_ : dropped_allowed_) += entry.pending;
    if (dropped_first_ == 0) dropped_first_ = entry.first_at;
    entry.pending = 0;
    return false;
  }
  entry.pending = 0;
  return true;
}

void Spool::left_out(uint64_t refusals) {
  std::lock_guard lock(mutex_);
  if (dropped_first_ == 0) dropped_first_ = now_nanoseconds();
  dropped_refused_ += refusals;
  shared_->denials.fetch_add(refusals);
}

void Spool::write_dropped(bool final) {
  if (dropped_refused_ == 0 && dropped_allowed_ == 0) return;
  int64_t now = now_nanoseconds();
  if (!final && now - dropped_said_ < dropped_every) return;
  for (bool refused : {true, false}) {
    uint64_t& count = refused ? dropped_refused_ : dropped_allowed_;
    if (count == 0) continue;
    std::string line = head(now, dropped_first_, "spool.dropped");
    line += std::string(",\"target\":\"") + (refused ? "refused" : "allowed") + "\",\"verdict\":\"" +
            (refused ? "refused" : "allowed") + "\",\"by\":\"broker\",\"count\":" + std::to_string(count) +
            ",\"process\":{\"pid\":0,\"exe\":\"\"}}\n";
    if (write_line(line, final ? reserve_dropped - 4096 : reserve_dropped)) count = 0;
  }
  dropped_said_ = now;
  if (dropped_refused_ == 0 && dropped_allowed_ == 0) dropped_first_ = 0;
}

void Spool::refill(int64_t now) {
  if (refilled_ != 0 && now > refilled_) {
    tokens_ = std::min(bucket_size, tokens_ + bucket_per_second * static_cast<double>(now - refilled_) / 1e9);
  }
  refilled_ = now;
}

void Spool::observe(Observation observation, std::string (*exe)(int pid)) {
  if (observation.target.size() > event_target_max) {
    if (observation.real_bytes == 0) observation.real_bytes = observation.target.size();
    observation.target = cut(observation.target, event_target_max);
  }
  // What is told apart here stands in the line; a repeat that was refused otherwise, or by another wall, is no repeat.
  std::string key = std::string(observation.kind) + (observation.refused ? "-" : observation.asked ? "?" : "+") + observation.by +
                    (observation.error == nullptr ? "" : observation.error) + ":" + observation.target;
  int64_t now = now_nanoseconds();
  std::lock_guard lock(mutex_);
  if (observation.refused) {
    shared_->denials.fetch_add(1);
    // The newest few, newest first; a repeat of the newest one only moves its time.
    if (!near_.empty() && near_[0].target == observation.target && near_[0].kind == observation.kind) {
      near_[0].at = now;
    } else {
      near_.insert(near_.begin(), NearDenial{now, observation.kind, cut(observation.target, 160)});
      if (near_.size() > near_max) near_.pop_back();
    }
  }
  auto found = entries_.find(key);
  if (found != entries_.end()) {
    Entry& entry = found->second;
    if (entry.pending == 0) entry.first_at = now;
    entry.pending++;
    entry.last_at = now;
    return;
  }
  refill(now);
  if (entries_.size() >= event_table_max) {
    // Make room: whatever is already said goes; what is pending is written if it may be, else counted as dropped.
    for (auto at = entries_.begin(); at != entries_.end();) {
      if (at->second.pending > 0) {
        if (at->second.begun || tokens_ >= 1) {
          tokens_ -= 1;
          write_entry(at->second);
        } else {
          bool refused = at->second.observation.refused;
          (refused ? dropped_refused_ : dropped_allowed_) += at->second.pending;
          if (dropped_first_ == 0) dropped_first_ = at->second.first_at;
        }
      }
      at = entries_.erase(at);
    }
  }
  Entry entry;
  entry.exe = exe(observation.pid);
  entry.observation = std::move(observation);
  entry.pending = 1;
  entry.first_at = now;
  entry.last_at = now;
  if (tokens_ >= 1) {
    tokens_ -= 1;
    entry.begun = true;
    write_entry(entry);
  }
  entries_.emplace(std::move(key), std::move(entry));
}

void Spool::flush(bool final) {
  std::lock_guard lock(mutex_);
  refill(now_nanoseconds());
  for (auto& [key, entry] : entries_) {
    if (entry.pending == 0) continue;
    if (!final && tokens_ < 1) break;
    tokens_ -= 1;
    entry.begun = true;
    write_entry(entry);
  }
  if (tokens_ < 0) tokens_ = 0;
  write_dropped(final);
}

std::vector<NearDenial> Spool::near_denials(int64_t since) {
  std::lock_guard lock(mutex_);
  std::vector<NearDenial> found;
  for (const NearDenial& denial : near_) {
    if (denial.at >= since) found.push_back(denial);
  }
  return found;
}

}  // namespace belljar
