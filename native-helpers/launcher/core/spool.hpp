// Events out: one JSON object a line, appended to the run's own file (app/contract/event.ts is the form).
//
// Bounds: repeats of one (kind, verdict, target) are merged with a count; a flood of different targets is held by a token
// bucket and by the file's budget; what is not written is counted and said in `spool.dropped`. So the exact number of
// denials is always the sum of `count` over all lines.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace belljar {

constexpr size_t event_target_max = 4096;
constexpr size_t event_table_max = 1024;
constexpr size_t failure_text_max = 1024;

// Lives in a shared page of guardian, supervisor and (until it executes) the server's first process.
struct Shared {
  std::atomic<uint64_t> next_sequence{1};
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> denials{0};
  std::atomic<int> server_pid{0};
  std::atomic<bool> ended{false};
  // Why the server was not started; filled by whoever failed before it exits.
  std::atomic<bool> failed{false};
  int failure_exit = 0;
  char failure_code[64] = {};
  char failure_sentence[failure_text_max] = {};
};

struct Observation {
  const char* kind = "";
  std::string target;
  bool refused = false;
  bool asked = false;  // a person was asked; what came of it is another event
  const char* by = "predicted";
  const char* error = nullptr;  // symbolic errno on refusals
  int pid = 0;
  // The address that was meant, where the target is a host by name; else empty.
  std::string address;
  // What the target is in words: a key of the sentence catalogue; or none.
  const char* known = nullptr;
  // Bytes of the real target when `target` is a shortened form of it; 0 otherwise.
  size_t real_bytes = 0;
};

struct NearDenial {
  int64_t at = 0;
  std::string kind;
  std::string target;
};

class Spool {
 public:
  Spool(int fd, uint64_t limit, std::string run, std::string server, Shared* shared)
      : fd_(fd), limit_(limit), run_(std::move(run)), server_(std::move(server)), shared_(shared) {}

  // `detail` is the raw JSON of the `start` or `end` member.
  void run_start(const std::string& detail, int pid, const std::string& program);
  void run_end(const std::string& detail, int pid, const std::string& program);
  // `detail` is the raw JSON of the `plan` member.
  void plan_change(bool refused, const std::string& detail, int pid, const std::string& program);

  // Counts one occurrence; writes the line at once when it is the first of its kind and the bucket has tokens.
  // `exe` is called only when a line is begun.
  void observe(Observation observation, std::string (*exe)(int pid));

  // Refusals that were not heard of, at least so many: counted as dropped.
  void left_out(uint64_t refusals);

  // Writes what has been merged since; called twice a second and at the end.
  void flush(bool final);

  std::vector<NearDenial> near_denials(int64_t since);

 private:
  struct Entry {
    Observation observation;
    std::string exe;
    uint64_t pending = 0;
    int64_t first_at = 0;
    int64_t last_at = 0;
    bool begun = false;
  };

  bool write_entry(Entry& entry);
  bool write_line(const std::string& line, uint64_t reserve);
  void write_dropped(bool final);
  std::string head(int64_t at, int64_t first_at, const char* kind);
  void refill(int64_t now);

  int fd_;
  uint64_t limit_;
  std::string run_;
  std::string server_;
  Shared* shared_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::vector<NearDenial> near_;
  uint64_t dropped_allowed_ = 0;
  uint64_t dropped_refused_ = 0;
  int64_t dropped_said_ = 0;
  int64_t dropped_first_ = 0;
  double tokens_ = 400;
  int64_t refilled_ = 0;
};

int64_t now_nanoseconds();

}  // namespace belljar
