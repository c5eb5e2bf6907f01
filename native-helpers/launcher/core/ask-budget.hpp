// How long a run's calls may wait for a person: 20 seconds each, 45 of every 60 together, however many wait at the same time.
// Pure; the clock is the caller's and counts while the machine sleeps (CLOCK_BOOTTIME), in milliseconds.
#pragma once
#include <cstdint>
#include <deque>

namespace belljar {

constexpr int64_t ask_wait_ms = 20'000;
constexpr int64_t ask_waits_ms = 45'000;
constexpr int64_t ask_window_ms = 60'000;
constexpr int64_t ask_least_ms = 3'000;  // less than that nobody can read

class AskBudget {
 public:
  // How long a question that is put now may wait; 0 when none may be put.
  int64_t room(int64_t now) const;
  // A question begins to wait, and one is over.
  void begin(int64_t now);
  void end(int64_t now);

 private:
  struct Span {
    int64_t from;
    int64_t to;
  };
  std::deque<Span> over_;  // in which at least one waited
  int waiting_ = 0;
  int64_t since_ = 0;
};

}  // namespace belljar
