// Links that a server asks to have opened in the user's browser. Pure: what counts as one, and which rule covers it.
//
// Trust: the text is the server's. Accepted is exactly what a browser, a shell script on the way to it and this parser read
// alike: printable ASCII, `https://`, a plain host, an optional port. `http://` is accepted for this machine's own names,
// where nobody is on the way; everything else has no business in a browser that holds the user's sessions.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace belljar {

constexpr size_t link_max_bytes = 8192;

struct Link {
  std::string host;      // lower case, without port and final dot
  bool loopback = false; // a name or address of this machine: never covered by a rule, always asked for
};

// Nothing when it is not a link that may be asked for.
std::optional<Link> parse_link(std::string_view text);

// `pattern` is a host, or `*.` and a name: every host below it, not the name itself.
bool link_rule_covers(std::string_view pattern, const Link& link);

}  // namespace belljar
