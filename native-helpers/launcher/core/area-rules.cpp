#include "area-rules.hpp"

#include <algorithm>

#include "text.hpp"

namespace belljar {

namespace {

constexpr std::string_view deleted_mark = " (deleted)";
constexpr size_t folders_remembered = 512;

}  // namespace

AreaRules::AreaRules(std::vector<Area> areas, Patterns patterns) : areas_(std::move(areas)), patterns_(std::move(patterns)) {
  for (const std::vector<Pattern>* rules : {&patterns_.deny, &patterns_.protect}) {
    for (const Pattern& rule : *rules) {
      if (rule.segments.size() != 1) continue;
      if (rule.segments[0].find('*') == std::string::npos) names_.insert(rule.segments[0]);
      else stars_.push_back(rule.segments[0]);
    }
  }
  for (const Pattern& rule : patterns_.protect) {
    if (!rule.old || rule.segments.empty()) continue;
    const std::string& first = rule.segments[0];
    bool lifted = std::any_of(patterns_.except.begin(), patterns_.except.end(), [&first](const Exception& one) {
      return one.write && !one.pattern.segments.empty() && one.pattern.segments[0] == first;
    });
    if (!lifted && std::find(old_names_.begin(), old_names_.end(), first) == old_names_.end()) old_names_.push_back(first);
  }
  if (!areas_.empty()) folders_.resize(folders_remembered);
}

bool AreaRules::keeps_old(std::string_view path) const {
  std::string_view name = path.substr(path.rfind('/') + 1);
  return std::any_of(old_names_.begin(), old_names_.end(), [name](const std::string& one) { return segment_matches(one, name); });
}

const AreaRules::Folder& AreaRules::known_folder(std::string_view path) const {
  Folder& folder = folders_[std::hash<std::string_view>{}(path) % folders_.size()];
  if (folder.path == path) return folder;
  folder = {std::string(path), -1, {}};
  for (size_t i = 0; i < areas_.size(); i++) {
    if (areas_[i].late || !path_within(path, areas_[i].root)) continue;
    std::vector<std::string_view> segments = visible_segments(path, areas_[i].root);
    for (const std::vector<Pattern>* rules : {&patterns_.deny, &patterns_.protect}) {
      for (const Pattern& rule : *rules) {
        if (pattern_reach(rule, path, segments) >= 0) return folder;
        for (size_t rest : pattern_rests(rule, path, segments)) {
          // A path that goes on below is looked at in full.
          if (!rule.path.empty()) return folder;
          if (rest + 1 == rule.segments.size()) folder.last_names.push_back(rule.segments[rest]);
        }
      }
    }
    folder.area = static_cast<int>(i);
    return folder;
  }
  return folder;
}

// Cheap first: a name that no pattern can mean, in a folder that none does.
bool AreaRules::is_plain(std::string_view path, Touch touch) const {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const Folder& folder = known_folder(path.substr(0, slash));
  if (folder.area < 0 || (touch != Touch::read && !areas_[static_cast<size_t>(folder.area)].write)) return false;
  std::string name(path.substr(slash + 1));
  if (names_.contains(name)) return false;
  for (const std::vector<std::string>* some : {&stars_, &folder.last_names}) {
    for (const std::string& one : *some) {
      if (segment_matches(one, name)) return false;
    }
  }
  return true;
}

AreaVerdict AreaRules::judge_name(std::string_view path, Touch touch, const std::vector<size_t>& made) const {
  using Kind = AreaVerdict::Kind;
  AreaVerdict verdict;
  for (const Area& area : areas_) {
    if (!path_within(path, area.root) || (touch == Touch::name && path == area.root)) continue;
    std::string_view why;
    if (!patterns_.empty()) {
      PatternVerdict found = judge_patterns(patterns_, path, visible_segments(path, area.root), made);
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

AreaVerdict AreaRules::judge(std::string_view path, Touch touch, const std::vector<size_t>& made) const {
  if (areas_.empty() || path.empty() || path[0] != '/') return {};
  bool deleted = path.ends_with(deleted_mark);
  if (!deleted && is_plain(path, touch)) return {AreaVerdict::Kind::allowed, false, {}};
  AreaVerdict verdict = judge_name(path, touch, made);
  if (verdict.kind != AreaVerdict::Kind::allowed || !deleted) return verdict;
  path.remove_suffix(deleted_mark.size());
  AreaVerdict without = judge_name(path, touch, made);
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
