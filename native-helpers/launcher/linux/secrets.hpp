// Secrets that were moved out of the client's file. The entry holds `kept-by-belljar:NAME` where the value stood, the plan
// names the file that holds the value, and the server alone gets it: as the variable, or as a file that `<NAME>_FILE` names.
//
// Only what the entry asks for is read. Where the client passes another value in the variable, that one is newer and is passed
// on. An argument that asks is left out, because arguments can be read by every program of the machine.
//
// Values are read once, before anything is forked, and wiped from this process, and from the supervisor, when the server's
// first process has its copy.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "../core/plan.hpp"
#include "../core/refusal.hpp"
#include "descriptor.hpp"
#include "environment.hpp"

namespace belljar {

constexpr std::string_view kept_prefix = "kept-by-belljar:";
constexpr size_t secret_max_bytes = 65'536;

// The name in a text that is a reference and nothing else; empty for any other text.
std::string_view kept_name(std::string_view text);
// The same of an argument: all of it, or what follows the first `=` of an option.
std::string_view kept_name_of_argument(std::string_view argument);

// A command line's arguments without those that ask for a kept value, and without the option that stands alone before one.
std::vector<std::string> without_kept(const std::vector<std::string>& args);

class GivenSecrets {
 public:
  GivenSecrets() = default;
  GivenSecrets(GivenSecrets&&) = default;
  GivenSecrets& operator=(GivenSecrets&&) = default;
  ~GivenSecrets() { wipe(); }

  // Takes what is asked for out of the environment and reads it. False with a refusal when something is missing or not to
  // be believed. Notes in `not_applied` where the client's own value counts.
  bool read(const Plan& plan, const std::vector<std::string>& args, Environment& environment, std::vector<std::string>& not_applied, Refusal& refusal);
  bool has_files() const;
  // Writes the values that are given as files into a folder of the run's own, and names them.
  bool write_files(int folder, const std::string& path, Environment& environment) const;
  // Where nothing is restricted the store's own files are named.
  void name_stored(Environment& environment) const;
  // Adds `NAME=value` of those that are given as variables; valid until wiped.
  void add_to(std::vector<char*>& variables);
  void wipe();

 private:
  struct Value {
    std::string variable;
    bool file = false;
    std::string stored;  // path in the store
    std::string entry;   // `NAME=value`
  };
  std::vector<Value> values_;
};

}  // namespace belljar
