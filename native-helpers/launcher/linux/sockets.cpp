#include "sockets.hpp"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

#include "../core/text.hpp"

namespace belljar {

namespace {

std::string_view client_variable(const std::string& name) {
  const char* value = getenv(name.c_str());
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string user_runtime_folder() {
  std::string_view named = client_variable("XDG_RUNTIME_DIR");
  return !named.empty() && named.front() == '/' ? std::string(named) : "/run/user/" + std::to_string(getuid());
}

std::vector<std::string> socket_candidates(const SocketPlace& place) {
  switch (place.kind) {
    case SocketPlace::Kind::path:
      return {place.value};
    case SocketPlace::Kind::abstract:
      return {"@" + place.value};
    case SocketPlace::Kind::variable:
      return sockets_of_value(client_variable(place.value), user_runtime_folder());
    case SocketPlace::Kind::runtime:
      return {user_runtime_folder() + "/" + place.value};
    case SocketPlace::Kind::display:
      return sockets_of_display(client_variable("DISPLAY"));
  }
  return {};
}

}  // namespace

std::vector<std::string> find_sockets(const Plan& plan, const PlaceResolver& resolver, std::vector<std::string>& not_applied) {
  std::vector<std::string> found;
  for (const std::vector<SocketPlace>& places : plan.sockets) {
    std::string rule = "socket";
    std::string why = "is not there now";
    bool there = false;
    for (const SocketPlace& place : places) {
      rule += " " + place.text;
      for (const std::string& way : socket_candidates(place)) {
        bool abstract = way.front() == '@';
        // The server must not be able to choose by a link of its own what the name of a socket means.
        std::string real = abstract ? way : resolver.believed(way);
        if (real.empty()) {
          std::string leads = real_path(way);
          if (!leads.empty()) why = "a link that the server could have made leads to " + leads;
          continue;
        }
        there = true;
        if (std::find(found.begin(), found.end(), real) == found.end()) found.push_back(real);
      }
    }
    if (!there) not_applied.push_back(rule + ": " + why);
  }
  return found;
}

}  // namespace belljar
