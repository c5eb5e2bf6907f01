#include "pattern.hpp"

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

int pattern_reach(const Pattern& pattern, std::string_view path, const std::vector<std::string_view>& segments) {
  if (!pattern.path.empty()) return path_within(path, pattern.path) ? static_cast<int>(pattern.path.size()) : -1;
  size_t length = pattern.segments.size();
  for (size_t at = segments.size(); at-- > 0;) {
    if (at + length > segments.size()) continue;
    size_t i = 0;
    while (i < length && segment_matches(pattern.segments[i], segments[at + i])) i++;
    // The segments are parts of the path's own text.
    if (i == length) return static_cast<int>(segments[at + i - 1].data() + segments[at + i - 1].size() - path.data());
  }
  return -1;
}

PatternVerdict judge_patterns(const Patterns& patterns, std::string_view path, const std::vector<std::string_view>& segments) {
  PatternVerdict verdict;
  auto lifted = [&](const Pattern& rule, int reach, bool write) {
    for (const Exception& one : patterns.except) {
      if (write && !one.write) continue;
      int its = pattern_reach(one.pattern, path, segments);
      if (its > reach || (its == reach && (!one.pattern.path.empty() || rule.path.empty()))) return true;
    }
    return false;
  };
  auto protect = [&verdict](const Pattern& rule) {
    if (verdict.kind == PatternVerdict::Kind::free) verdict = {PatternVerdict::Kind::protect, &rule};
  };
  for (const Pattern& rule : patterns.deny) {
    int reach = pattern_reach(rule, path, segments);
    if (reach < 0) continue;
    if (!lifted(rule, reach, false)) return {PatternVerdict::Kind::deny, &rule};
    if (!lifted(rule, reach, true)) protect(rule);
  }
  for (const Pattern& rule : patterns.protect) {
    int reach = verdict.kind == PatternVerdict::Kind::free ? pattern_reach(rule, path, segments) : -1;
    if (reach >= 0 && !lifted(rule, reach, true)) protect(rule);
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
