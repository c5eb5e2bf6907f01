#include "ask-budget.hpp"

#include <algorithm>

namespace belljar {

int64_t AskBudget::room(int64_t now) const {
  int64_t spent = waiting_ > 0 ? now - since_ : 0;
  for (const Span& span : over_) spent += std::max<int64_t>(0, span.to - std::max(span.from, now - ask_window_ms));
  int64_t left = std::min(ask_wait_ms, ask_waits_ms - spent);
  return left < ask_least_ms ? 0 : left;
}

void AskBudget::begin(int64_t now) {
  if (waiting_++ == 0) since_ = now;
}

void AskBudget::end(int64_t now) {
  if (waiting_ == 0 || --waiting_ > 0) return;
  if (now > since_) over_.push_back({since_, now});
  while (!over_.empty() && over_.front().to <= now - ask_window_ms) over_.pop_front();
}

}  // namespace belljar
