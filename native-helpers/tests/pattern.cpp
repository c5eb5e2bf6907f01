#include "../launcher/core/pattern.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "../launcher/core/text.hpp"
#include "check.hpp"

using namespace belljar;

namespace {

std::string decoded(const std::string& field) { return percent_decode(field).value_or("(not decoded)"); }

int reach_of(const std::string& pattern, const std::string& root, const std::string& path) {
  auto parsed = parse_pattern(pattern);
  return parsed ? pattern_reach(*parsed, path, visible_segments(path, root)) : -2;
}

std::string verdict_of(const std::string& rules, const std::string& root, const std::string& path) {
  Patterns patterns;
  for (std::string_view rule : split(rules, ';')) {
    auto words = split(rule, ' ');
    auto pattern = parse_pattern(decoded(std::string(words.back())));
    if (!pattern) return "not a pattern";
    if (words[0] == "deny") patterns.deny.push_back(*pattern);
    else if (words[0] == "protect") patterns.protect.push_back(*pattern);
    else patterns.except.push_back({*pattern, words[1] == "write"});
  }
  PatternVerdict verdict = judge_patterns(patterns, path, visible_segments(path, root));
  return verdict.kind == PatternVerdict::Kind::deny ? "deny" : verdict.kind == PatternVerdict::Kind::protect ? "protect" : "free";
}

std::string rests_of(const std::string& pattern, const std::string& root, const std::string& path) {
  std::string out;
  for (size_t rest : pattern_rests(*parse_pattern(pattern), path, visible_segments(path, root))) out += std::to_string(rest) + " ";
  return out;
}

}  // namespace

void test_pattern() {
  std::ifstream table("tests/data/patterns.txt");
  size_t lines = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    lines++;
    std::vector<std::string> fields;
    for (std::string_view field : split(line, '\t')) fields.emplace_back(field);
    std::string what = "patterns.txt: " + line;
    fields.resize(5);
    if (fields[0] == "valid" || fields[0] == "invalid") {
      check::equal(parse_pattern(decoded(fields[1])).has_value(), fields[0] == "valid", what);
    } else if (fields[0] == "reach") {
      check::equal(reach_of(decoded(fields[1]), decoded(fields[2]), decoded(fields[3])), atoi(fields[4].c_str()), what);
    } else if (fields[0] == "verdict") {
      check::equal(verdict_of(fields[1], decoded(fields[2]), decoded(fields[3])), fields[4], what);
    } else {
      check::that(false, what);
    }
  }
  check::that(lines > 100, "the table of patterns is there, and whole");
  check::that(!parse_pattern(std::string_view("/a\0b", 4)), "no NUL in a pattern");
  check::that(segment_matches(std::string(100, '*') + "b", std::string(255, 'a') + "b"), "many stars");
  // Takes for ever where every star is tried with every length.
  std::string stars;
  for (int i = 0; i < 60; i++) stars += "a*";
  check::that(!segment_matches(stars + "b", std::string(255, 'a')), "many stars and no end");

  // A folder on the way to a match: what of the pattern is left below it.
  check::equal(rests_of("**/.git/hooks", "/p", "/p/.git"), "1 ", "one more");
  check::equal(rests_of("**/.git/hooks", "/p", "/p/a/.git"), "1 ", "at any depth");
  check::equal(rests_of("**/.git/hooks", "/p", "/p/.git/hooks"), "", "not a match itself");
  check::equal(rests_of("**/.git/hooks", "/.git", "/.git"), "1 ", "the root's own last name counts");
  check::equal(rests_of("**/.git/hooks", "/.git/p", "/.git/p"), "", "what lies above it does not");
  check::equal(rests_of("**/a/a/b", "/p", "/p/a/a"), "1 2 ", "in two ways");
  check::equal(rests_of("**/*/b", "/p", "/p/x"), "1 ", "any folder");
  check::equal(rests_of("/p/x/y", "/p", "/p/x"), "5 ", "of an absolute one, the bytes");
  check::equal(rests_of("/p/x/y", "/p", "/p/xx"), "", "by whole names");
}
