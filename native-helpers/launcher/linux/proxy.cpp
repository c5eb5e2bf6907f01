#include "proxy.hpp"

#include <algorithm>
#include <cstdlib>

#include "../core/address.hpp"
#include "../core/host-rules.hpp"
#include "../core/text.hpp"

namespace belljar {

const char* const proxy_variables[8] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"};

namespace {

std::string base64(std::string_view bytes) {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    size_t left = std::min<size_t>(3, bytes.size() - at);
    for (size_t i = 0; i < 3; i++) group = group << 8 | (i < left ? static_cast<uint8_t>(bytes[at + i]) : 0u);
    for (size_t i = 0; i < 4; i++) out.push_back(i <= left ? letters[group >> (18 - 6 * i) & 63] : '=');
  }
  return out;
}

// `%XX` in user and password, of either case.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); at++) {
    auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
    int high = text[at] == '%' && at + 2 < text.size() ? digit(text[at + 1]) : -1;
    int low = high >= 0 ? digit(text[at + 2]) : -1;
    out.push_back(low >= 0 ? static_cast<char>(high << 4 | low) : text[at]);
    if (low >= 0) at += 2;
  }
  return out;
}

bool parse_proxy(std::string_view text, UpstreamProxy& out) {
  size_t scheme = text.find("://");
  if (scheme != std::string_view::npos && normal_host_name(text.substr(0, scheme)) != "http") return false;
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find('/'));
  size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    out.authorization = "Basic " + base64(unescape(text.substr(0, at)));
    text.remove_prefix(at + 1);
  }
  std::string_view host = text;
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    if (end + 1 < text.size() && text[end + 1] == ':') port = text.substr(end + 2);
  } else if (size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  auto number = port.empty() ? std::optional<uint64_t>(80) : parse_number(port, 65'535);
  std::string name = normal_host_name(host);
  Address address;
  if (!number || *number == 0 || (!parse_address(name, address) && !valid_host_name(name))) return false;
  out.host = std::move(name);
  out.port = static_cast<uint16_t>(*number);
  return true;
}

}  // namespace

bool UpstreamProxy::goes_direct(std::string_view name) const {
  return std::any_of(direct.begin(), direct.end(), [name](const std::string& one) {
    if (one == "*" || name == one) return true;
    return name.size() > one.size() + 1 && name.ends_with(one) && name[name.size() - one.size() - 1] == '.';
  });
}

UpstreamProxy proxy_from_environment(std::string& unusable) {
  UpstreamProxy proxy;
  for (size_t i = 0; i < 6 && proxy.host.empty(); i++) {
    const char* value = getenv(proxy_variables[i]);
    if (value == nullptr || *value == '\0') continue;
    UpstreamProxy found;
    if (parse_proxy(value, found)) proxy = std::move(found);
    else if (unusable.empty()) unusable = proxy_variables[i];
  }
  if (proxy.host.empty()) return proxy;
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    const char* value = getenv(name);
    if (value == nullptr || !proxy.direct.empty()) continue;
    for (std::string_view part : split(value, ',')) {
      while (!part.empty() && (part.front() == ' ' || part.front() == '.')) part.remove_prefix(1);
      while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
      if (part.substr(0, 2) == "*.") part.remove_prefix(2);
      if (!part.empty() && proxy.direct.size() < 256) proxy.direct.push_back(normal_host_name(part));
    }
  }
  return proxy;
}

}  // namespace belljar
