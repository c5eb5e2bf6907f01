// The guardian's eye on the plan: a new one that is whole, the user's own and the same server's takes effect in the run that goes on, as
// far as it can; anything else changes nothing and is said.
//
// The guardian reads the plan and finds the places, since it stands outside of the walls; the supervisor gets the text, what was found,
// and the way to an opener (opener.hpp) when something was granted that it cannot open itself.
//
// A run may have a plan of its own beside its server's, `<server>@<run>.plan` (`@` stands in no server's id): the same with what a person
// granted until the run stops. It counts while it is there. No other run ever reads it, so nothing in it outlives the run.
#pragma once
#include <string>
#include <vector>

#include "../core/plan.hpp"
#include "descriptor.hpp"
#include "places.hpp"
#include "plan-update.hpp"

namespace belljar {

class PlanWatch {
 public:
  // What a run was started with. `command_line` is the client's.
  struct Started {
    std::string plan_file;
    std::string run;
    std::string server;        // as asked for; may be empty
    std::vector<std::string> command_line;
    Plan plan;                 // pinned words taken
    std::string bytes;
    Launch launch;
    std::vector<std::string> own_folders;
    std::string path_variable;
    std::vector<std::string> areas;  // real paths of those that the supervisor's own walls hold to read …
    std::vector<std::string> writable_areas;  // … and to write
    int landlock_abi = 0;
  };

  PlanWatch() = default;
  ~PlanWatch();
  PlanWatch(const PlanWatch&) = delete;
  PlanWatch& operator=(const PlanWatch&) = delete;

  // Before the supervisor is forked: the way to it. False when there is none to be had; the run then has its plan for good.
  bool prepare();
  // In the supervisor: its end.
  Descriptor take_supervisor_end() {
    own_end_.reset();
    return std::move(supervisor_end_);
  }
  // In the guardian, after the forks.
  void begin(Started started);

  // Readable when `look` has something to do; -1 when nothing is watched.
  int descriptor() const { return notices_.get(); }
  void look();
  // A new plan that was taken up, once; else null.
  const Plan* take_plan();

 private:
  void take_up();
  bool start_opener(const AreaRules& rules, const std::vector<Grant>& grants, Descriptor& supervisors);
  void end_opener();
  void send(const PlanUpdate& update, const Descriptor& opener);

  Started started_;
  std::string own_plan_file_;        // the run's own
  std::string before_;               // the text in effect
  std::string refused_;              // the text that was refused last
  std::vector<std::string> written_;  // real paths that the server may, or could, write to
  Plan latest_;
  bool is_new_ = false;
  Descriptor notices_;
  Descriptor supervisor_end_;
  Descriptor own_end_;
  int opener_ = 0;
};

}  // namespace belljar
