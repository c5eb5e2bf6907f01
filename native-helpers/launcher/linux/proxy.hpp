// The HTTP proxy that the machine's environment names (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY): inside a company there is
// often no other way out.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

struct UpstreamProxy {
  std::string host;  // empty when there is none
  uint16_t port = 0;
  std::string authorization;  // of the Proxy-Authorization field, empty without one
  std::vector<std::string> direct;  // NO_PROXY: names, each also for all below it; `*` for all

  bool goes_direct(std::string_view name) const;
};

// Names of the variables, each in both spellings.
extern const char* const proxy_variables[8];

// Reads the launcher's own environment. `unusable` is what stands there and cannot be used (another scheme than http).
UpstreamProxy proxy_from_environment(std::string& unusable);

}  // namespace belljar
