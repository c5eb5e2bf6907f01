#include "link.hpp"

#include "text.hpp"

namespace belljar {

namespace {

constexpr size_t host_max_bytes = 253;
constexpr size_t label_max_bytes = 63;

bool digits_only(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

// Names of letters, digits, hyphens and underscores, and IPv4 addresses in their usual form. Browsers read `0x7f.1`,
// `127.1` and `2130706433` as addresses too, so a name whose last label is a number must be four plain numbers.
bool valid_host(std::string_view host) {
  if (host.empty() || host.size() > host_max_bytes) return false;
  auto labels = split(host, '.');
  for (std::string_view label : labels) {
    if (label.empty() || label.size() > label_max_bytes || label.front() == '-' || label.back() == '-') return false;
    for (char c : label) {
      bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      if (!plain) return false;
    }
  }
  std::string_view last = labels.back();
  bool number = digits_only(last) || last.substr(0, 2) == "0x";
  if (!number) return true;
  if (labels.size() != 4) return false;
  for (std::string_view label : labels) {
    if (!parse_number(label, 255)) return false;
  }
  return true;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  bool address = digits_only(host.substr(host.rfind('.') + 1));
  return address && (host.starts_with("127.") || host.starts_with("0."));
}

}  // namespace

std::optional<Link> parse_link(std::string_view text) {
  if (text.size() > link_max_bytes) return std::nullopt;
  for (char c : text) {
    // A backslash is a slash to a browser, and none to others.
    if (c < 0x21 || c > 0x7E || c == '\\') return std::nullopt;
  }
  auto lower = [](std::string_view from) {
    std::string out(from);
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
  };
  constexpr std::string_view secure = "https://";
  constexpr std::string_view plain = "http://";
  std::string scheme = lower(text.substr(0, secure.size()));
  bool is_secure = scheme == secure;
  bool is_plain = !is_secure && scheme.substr(0, plain.size()) == plain;
  if (!is_secure && !is_plain) return std::nullopt;
  text.remove_prefix(is_secure ? secure.size() : plain.size());
  // A user name (`good@evil`) is refused with everything else that is neither host nor port.
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  size_t colon = authority.find(':');
  if (colon != std::string_view::npos) {
    auto port = parse_number(authority.substr(colon + 1), 65'535);
    if (!port || *port == 0) return std::nullopt;
  }
  Link link;
  link.host = lower(authority.substr(0, colon));
  if (link.host.size() > 1 && link.host.back() == '.') link.host.pop_back();
  if (!valid_host(link.host)) return std::nullopt;
  link.loopback = is_loopback(link.host);
  if (is_plain && !link.loopback) return std::nullopt;
  return link;
}

bool link_rule_covers(std::string_view pattern, const Link& link) {
  if (link.loopback) return false;
  if (pattern.substr(0, 2) != "*.") return pattern == link.host;
  std::string_view suffix = pattern.substr(1);
  return link.host.size() > suffix.size() && link.host.ends_with(suffix);
}

}  // namespace belljar
