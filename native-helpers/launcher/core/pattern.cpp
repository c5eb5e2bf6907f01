#include "pattern.hpp"

#include <algorithm>

#include "text.hpp"

namespace belljar {

std::optional<Pattern> parse_pattern(std::string_view text) {
  Pattern pattern;
  pattern.text = std::string(text);
  if (text.size() > 4095 || text.find('\0') != std::string_view::npos) return std::nullopt;
  if (text.substr(0, 1) == "/") {
    if (lexical_path("/", text) != text) return std::nullopt;
    pattern.path = pattern.text;
    return pattern;
  }
  if (text.substr(0, 3) != "**/") return std::nullopt;
  for (std::string_view segment : split(text.substr(3), '/')) {
    bool name = !segment.empty() && segment.size() <= pattern_segment_bytes_max && segment != "." && segment != ".." &&
                segment.find("**") == std::string_view::npos;
    if (!name || pattern.segments.size() >= pattern_segments_max) return std::nullopt;
    pattern.segments.emplace_back(segment);
  }
  return pattern;
}

std::vector<std::string_view> visible_segments(std::string_view path, std::string_view root) {
  std::vector<std::string_view> out;
  if (!path_within(path, root)) return out;
  std::string_view from = path.substr(root == "/" ? 1 : root.rfind('/') + 1);
  if (from.empty()) return out;
  while (true) {
    size_t slash = from.find('/');
    out.push_back(from.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    from = from.substr(slash + 1);
  }
}

bool segment_matches(std::string_view pattern, std::string_view name) {
  // Goes back to the last `*` alone: what an earlier one took can be taken by the last one too.
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      p++;
      n++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

namespace {

// Where the pattern's names end when they begin at this segment; -1 where they do not stand there.
int reach_at(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments, size_t at) {
  size_t length = pattern.segments.size();
  if (at + length > segments.size()) return -1;
  for (size_t i = 0; i < length; i++) {
    if (!segment_matches(pattern.segments[i], segments[at + i])) return -1;
  }
  // The segments are parts of the path's own text.
  return static_cast<int>(segments[at + length - 1].data() + segments[at + length - 1].size() - path.data());
}

// True for every place of the path that the pattern names; the test is told its end, and where its first name ends.
template <typename Test>
bool every_place(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments, Test test) {
  if (!pattern.path.empty()) return !path_within(path, pattern.path) || test(static_cast<int>(pattern.path.size()), pattern.path.size());
  for (size_t at = segments.size(); at-- > 0;) {
    int reach = reach_at(pattern, path, segments, at);
    if (reach >= 0 && !test(reach, static_cast<size_t>(segments[at].data() + segments[at].size() - path.data()))) return false;
  }
  return true;
}

template <typename Test>
bool every_reach(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments, Test test) {
  return every_place(pattern, path, segments, [&test](int reach, size_t) { return test(reach); });
}

}  // namespace

int pattern_reach(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments) {
  int longest = -1;
  every_reach(pattern, path, segments, [&](int reach) {
    longest = reach;
    return false;
  });
  return longest;
}

PatternVerdict judge_patterns(const Patterns& patterns, std::string_view path, const std::vector<std::string_view>& segments,
                              const std::vector<size_t>& made) {
  PatternVerdict verdict;
  // Every place on the way that is refused has to be lifted: by an absolute exception that names at least as much, or, of what is refused
  // at any depth, by one for any depth that ends at the very same place.
  auto lifted = [&](const Pattern& rule, bool write) {
    return every_place(rule, path, segments, [&](int reach, size_t first) {
      if (rule.old && std::find(made.begin(), made.end(), first) != made.end()) return true;
      for (const Exception& one : patterns.except) {
        if (write && !one.write) continue;
        if (!one.pattern.path.empty()) {
          if (static_cast<int>(one.pattern.path.size()) >= reach && path_within(path, one.pattern.path)) return true;
        } else if (rule.path.empty() && !every_reach(one.pattern, path, segments, [reach](int its) { return its != reach; })) {
          return true;
        }
      }
      return false;
    });
  };
  auto protect = [&verdict](const Pattern& rule) {
    if (verdict.kind == PatternVerdict::Kind::free) verdict = {PatternVerdict::Kind::protect, &rule};
  };
  for (const Pattern& rule : patterns.deny) {
    if (!lifted(rule, false)) return {PatternVerdict::Kind::deny, &rule};
    if (!lifted(rule, true)) protect(rule);
  }
  for (const Pattern& rule : patterns.protect) {
    if (verdict.kind == PatternVerdict::Kind::free && !lifted(rule, true)) protect(rule);
  }
  return verdict;
}

std::vector<size_t> pattern_rests(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments) {
  std::vector<size_t> out;
  if (!pattern.path.empty()) {
    if (pattern.path != path && path_within(pattern.path, path)) out.push_back(path == "/" ? 1 : path.size() + 1);
    return out;
  }
  for (size_t length = 1; length < pattern.segments.size() && length <= segments.size(); length++) {
    size_t i = 0;
    while (i < length && segment_matches(pattern.segments[i], segments[segments.size() - length + i])) i++;
    if (i == length) out.push_back(length);
  }
  return out;
}

}  // namespace belljar
