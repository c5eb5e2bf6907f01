// Small text tools for hostile bytes: nothing here allocates without a bound given by the caller.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

// Decimal digits only, no sign, no leading zeros (except "0"), at most `max`.
std::optional<uint64_t> parse_number(std::string_view text, uint64_t max);

// `%XX` (upper-case hex) to bytes; refuses raw bytes below 0x21, 0x7F, a bare `%`, lower-case hex and NUL.
std::optional<std::string> percent_decode(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);

// True when `path` is `folder` or lies in it, by whole components. Both absolute and normal.
bool path_within(std::string_view path, std::string_view folder);

// Absolute, no `.`, `..`, empty parts or final slash: then the text is the path when there is no symlink in it.
bool plain_path(std::string_view path);

std::string_view base_name(std::string_view path);
std::string_view parent_of(std::string_view path);

// Joins and removes `.`, `..` and double slashes without looking at the disk.
std::string lexical_path(std::string_view base, std::string_view path);

// Server ids and run ids.
bool valid_server_id(std::string_view text);

// Appends `text` as a JSON string with quotes. Invalid UTF-8 becomes U+FFFD and is reported by the return value (false).
// Control characters, U+2028/9 and bidirectional controls are escaped.
bool append_json_string(std::string& out, std::string_view text);

// The `id` member of a JSON-RPC request line when its method is `initialize`: raw JSON text of a string or number.
// Strict about structure, bounded by the caller's line length; nothing when the line is not such a request.
std::optional<std::string> initialize_request_id(std::string_view line);

// UTC, ISO 8601 with milliseconds, from nanoseconds since 1970.
std::string iso_time(int64_t nanoseconds);

}  // namespace belljar
