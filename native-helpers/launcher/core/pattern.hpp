// Patterns of a plan: what `deny`, `protect` and `except` lines name (docs/plan-format.md).
//
// An absolute path names that file or folder and everything below. `**/` and one or more segments name it at any depth; `*` in a
// segment is any run of bytes but `/`. Names are compared as bytes of a resolved real path. app/domain/pattern.ts says the
// same in TypeScript; tests/data/patterns.txt is the table that both are held to.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

constexpr size_t pattern_segments_max = 16;
constexpr size_t pattern_segment_bytes_max = 255;

struct Pattern {
  std::string text;
  std::string path;                   // absolute; empty for one at any depth
  std::vector<std::string> segments;  // after `**/`; empty for an absolute one
};

std::optional<Pattern> parse_pattern(std::string_view text);

// The parts of a real path that a pattern sees: from the last name of the folder it was granted by, `root`, on. `path` is
// `root` or lies in it.
std::vector<std::string_view> visible_segments(std::string_view path, std::string_view root);

// Does it name the file, or a folder that the file lies in?
bool pattern_names(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments);

// Where a name in the middle of a pattern is `path`'s last: the parts that are left below it, as indexes into `segments`. For
// an absolute pattern that lies below `path`: one index, of the bytes of `path` that the pattern's goes on after.
std::vector<size_t> pattern_rests(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments);

bool segment_matches(std::string_view pattern, std::string_view name);

}  // namespace belljar
