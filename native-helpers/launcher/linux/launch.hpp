// One start of a server, from a parsed command line to the server's end.
#pragma once
#include <string>
#include <vector>

namespace belljar {

struct Request {
  std::string plan_file;
  std::string server;      // expected id; empty for `exec`, where the plan names it
  bool throw_away = false; // `exec` and `terminal`
  std::vector<std::string> command;
  // `terminal`: what a person works in, where the server's own command line says what it may do.
  std::string terminal;              // the name that the run's first event tells; empty for every other verb
  std::vector<std::string> instead;  // what is started in the server's place
};

// Does not return; the exit status is the server's own, or 125, 126, 127.
[[noreturn]] void launch(const Request& request);

// Prints the probe as JSON. Returns the exit status.
int print_probe();

}  // namespace belljar
