// The name that a connection's first bytes ask for: TLS server name (RFC 8446, RFC 6066) or the Host of an HTTP/1 head. Fed with
// everything the client has sent so far; hostile, bounded, and never more than one answer for one beginning.
#pragma once
#include <string>
#include <string_view>

namespace belljar {

constexpr size_t first_bytes_max = 16'384 + 1024;  // a client hello of 16 KiB, cut into records
constexpr size_t client_hello_max = 16'384;
constexpr size_t http_head_max = 16'384;

struct FirstBytes {
  enum class State {
    more,    // cannot be told yet
    other,   // it is neither
    named,   // asks for `name`
    unnamed, // is one of the two and asks for no name
    broken,  // is one of the two, and says contradicting or malformed things
  };
  State state = State::more;
  std::string name;  // lower case, no port, no final dot; printable ASCII, at most 253 bytes
};

FirstBytes read_client_hello(std::string_view bytes);
FirstBytes read_http_head(std::string_view bytes);

// Whichever of the two it is.
FirstBytes read_first_bytes(std::string_view bytes);

}  // namespace belljar
