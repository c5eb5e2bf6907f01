#include "area-rules.hpp"

#include "text.hpp"

namespace belljar {

namespace {

constexpr std::string_view deleted_mark = " (deleted)";

}  // namespace

AreaVerdict AreaRules::judge_name(std::string_view path, Touch touch) const {
  using Kind = AreaVerdict::Kind;
  AreaVerdict verdict;
  for (const Area& area : areas_) {
    if (!path_within(path, area.root) || (touch == Touch::name && path == area.root)) continue;
    std::string_view why;
    if (!patterns_.empty()) {
      PatternVerdict found = judge_patterns(patterns_, path, visible_segments(path, area.root));
      bool refused = found.kind == PatternVerdict::Kind::deny || (found.kind == PatternVerdict::Kind::protect && touch != Touch::read);
      if (refused) why = found.pattern->text;
    }
    if (why.empty() && touch != Touch::read && !area.write) why = "area read";
    if (why.empty()) {
      verdict = {Kind::allowed, area.late, {}};
      if (!area.late) return verdict;
    } else if (verdict.kind == Kind::outside || (verdict.kind == Kind::refused && verdict.why == "area read")) {
      verdict = {Kind::refused, false, why};
    }
  }
  return verdict;
}

AreaVerdict AreaRules::judge(std::string_view path, Touch touch) const {
  if (areas_.empty() || path.empty() || path[0] != '/') return {};
  AreaVerdict verdict = judge_name(path, touch);
  if (verdict.kind != AreaVerdict::Kind::allowed || !path.ends_with(deleted_mark)) return verdict;
  path.remove_suffix(deleted_mark.size());
  AreaVerdict without = judge_name(path, touch);
  if (without.kind == AreaVerdict::Kind::allowed) return verdict;
  return {AreaVerdict::Kind::refused, false, without.kind == AreaVerdict::Kind::refused ? without.why : "area read"};
}

std::vector<WayBelow> AreaRules::ways_below(std::string_view path) const {
  std::vector<WayBelow> ways;
  auto add = [&](const Pattern& pattern, const std::vector<std::string_view>& segments) {
    for (size_t rest : pattern_rests(pattern, path, segments)) {
      WayBelow way;
      if (pattern.path.empty()) {
        way.assign(pattern.segments.begin() + static_cast<ptrdiff_t>(rest), pattern.segments.end());
      } else {
        for (std::string_view name : split(std::string_view(pattern.path).substr(rest), '/')) way.emplace_back(name);
      }
      ways.push_back(std::move(way));
    }
  };
  for (const Area& area : areas_) {
    if (!path_within(path, area.root)) continue;
    std::vector<std::string_view> segments = visible_segments(path, area.root);
    for (const Pattern& one : patterns_.deny) add(one, segments);
    for (const Pattern& one : patterns_.protect) add(one, segments);
    for (const Exception& one : patterns_.except) add(one.pattern, segments);
  }
  return ways;
}

}  // namespace belljar
