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
  bool old = false;                   // does not count below its first name where the run itself made what has that name
};

std::optional<Pattern> parse_pattern(std::string_view text);

// The parts of a real path that a pattern sees: from the last name of the folder it was granted by, `root`, on. `path` is
// `root` or lies in it.
std::vector<std::string_view> visible_segments(std::string_view path, std::string_view root);

// How much of `path` it names, in bytes: up to the end of the deepest place where it matches; -1 where it names nothing of it.
// What lies below a match is named with it.
int pattern_reach(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments);

// Where a name in the middle of a pattern is `path`'s last: the parts that are left below it, as indexes into `segments`. For
// an absolute pattern that lies below `path`: one index, of the bytes of `path` that the pattern's goes on after.
std::vector<size_t> pattern_rests(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments);

bool segment_matches(std::string_view pattern, std::string_view name);

// An exception: where it names at least as much as a rule, that one does not count (`write`), or a denial protects (not `write`).
struct Exception {
  Pattern pattern;
  bool write = false;
};

struct Patterns {
  std::vector<Pattern> deny;     // nothing there is opened, made or changed
  std::vector<Pattern> protect;  // read, never changed
  std::vector<Exception> except;
  bool empty() const { return deny.empty() && protect.empty(); }
};

struct PatternVerdict {
  enum class Kind { free, protect, deny };
  Kind kind = Kind::free;
  const Pattern* pattern = nullptr;  // which decided
};

// `made`: where folders of the path that the run itself made end, in bytes: an `old` pattern whose first name ends there does not count.
// The nearer rule wins between an exception and what it lifts; one for any depth does not lift what names the very same place by its
// whole path. A denial that is not lifted wins over a protection.
PatternVerdict judge_patterns(const Patterns& patterns, std::string_view path, const std::vector<std::string_view>& segments,
                              const std::vector<size_t>& made = {});

}  // namespace belljar
