// The guardian's part of Ask: the supervisor tells it of a refused access that waits, it asks the host, and where a person
// allowed a file it opens it: it stands outside of the walls, and knows the answer first-hand.
//
// Trust: the supervisor is believed nothing: what it names is bounded and judged here again (places that are refused, no
// device, no process), so that a taken-over one gets what the person sees and allows, and no more. Bounds: four questions at a time and one about
// each target, eight calls waiting for each, 20 seconds each and 45 a minute together, a hundred askings at once and then
// twenty a second, a minute's rest for what was refused.
//
// What is allowed "until it stops" lives here, and ends with the run. Over a sleep of the machine everything is refused.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "../core/ask-budget.hpp"
#include "../core/pattern.hpp"
#include "../core/plan.hpp"
#include "ask-wire.hpp"
#include "descriptor.hpp"
#include "host-question.hpp"

namespace belljar {

// What was allowed beyond one call.
struct AskGrant {
  AskKind kind = AskKind::read;
  std::string text;
  bool below = false;     // and what lies in this folder, or every name below this one
  uint32_t port = 0;
  int64_t until = 0;      // of the guardian's clock; 0: as long as the run
};

// Does the grant hold for what is asked?
bool ask_grant_covers(const AskGrant& grant, const AskMessage& message, int64_t now);

// For so much more than what was asked; an empty text when that would be everything.
AskGrant ask_grant_for(const AskMessage& message, uint32_t up);

// The body of the request to the host; empty when it cannot be said (a path that is not UTF-8).
std::string ask_body(const std::string& server, const std::string& run, const AskMessage& message, int64_t wait_ms);

// In milliseconds; a test has its own.
struct AskClock {
  int64_t (*now)();    // goes on while the machine sleeps, so that a question from before is over afterwards
  int64_t (*slept)();  // so long the machine slept since it was started
};

class AskDoor {
 public:
  AskDoor();
  explicit AskDoor(AskClock clock) : clock_(clock) {}

  // Makes the channel. False, with errno, when it cannot.
  bool open(const Plan& plan, const std::string& run);

  // What a new plan keeps back counts from now on, also in what was allowed before.
  void change_plan(const Plan& plan);

  // Readable when `serve` has something to do; -1 when it is closed.
  int descriptor() const { return waits_.get(); }
  void serve();

  // The supervisor's end of the channel.
  Descriptor take_supervisor_end() { return std::move(supervisor_end_); }

 private:
  struct Question {
    std::string key;
    std::vector<AskMessage> calls;  // the first one is what is asked
    Descriptor host;
    std::string answer;
    int64_t deadline = 0;
    int64_t slept = 0;  // how long the machine had slept when it was put
  };
  struct Rest {
    std::string key;
    int64_t until;
  };

  void take(const AskMessage& message);
  void settle(Question& question, const HostVerdict& verdict);
  void allow(const AskMessage& message, bool asked, uint32_t seconds);
  void refuse(const AskMessage& message, bool asked);
  bool is_refused_place(const AskMessage& message) const;
  Descriptor open_file(const AskMessage& message, int& error) const;
  bool spend(int64_t now);
  bool watch(int fd);
  void set_timer();

  AskClock clock_;
  std::string server_;
  std::string run_;
  std::string state_folder_;
  std::vector<std::string> refused_places_;
  Patterns patterns_;
  Descriptor channel_;
  Descriptor supervisor_end_;
  Descriptor waits_;  // epoll
  Descriptor timer_;
  std::vector<Question> questions_;
  std::vector<AskGrant> grants_;
  std::deque<Rest> rests_;
  AskBudget budget_;
  double tokens_ = 100;
  int64_t refilled_ = 0;
};

}  // namespace belljar
